"""Folding: the same problem of fewer terms.

Terms often follow from each other: who wants a queue wants its skills and one of its languages, and
what is expected of a topic goes with who is rated on it. Two such terms are one table of the rows
that really meet, summed once and not for each contact. So a dozen terms become about five.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.assignment.problem import Problem, Term

ROWS_MAX: Final = 128
"""Rows of two terms that do not follow from each other and are yet summed, and one row for"""
CONTACTS_EACH: Final = 8
"""contacts at least: a row costs as much as a contact does."""
GROWTH: Final = 1.25
"""Rows in relation to the larger of two terms where one is said to follow from the other."""
PRODUCT_MAX: Final = 1 << 20
"""Pairs of rows among which those that meet are looked for."""


def folded(problem: Problem) -> Problem:
    """Return a problem of the same costs, but for rounding.

    Its tables lie in memory row by row, as rows are what is added up; the core keeps what belongs
    to an agent together.
    """
    agent_s = problem.agent_s.astype(np.float32)
    hard: list[Term] = []
    soft: list[Term] = []
    for term in sorted(problem.terms, key=lambda term: len(term.table)):
        table = np.ascontiguousarray(term.table, dtype=np.float32)
        if len(table) == 1:
            agent_s += table[0]
            continue
        one = Term(None, table, np.ascontiguousarray(term.index))
        # Hard terms make groups, which are to be few.
        _fold(hard if not np.isfinite(table).all() else soft, one)
    terms: list[Term] = []
    for term in hard:
        _fold(terms, term)
    kept = [
        term
        for term in soft
        if not any(_follows(known, term, place, terms) for place, known in enumerate(terms))
    ]
    return replace(problem, terms=[*terms, *kept], agent_s=agent_s)


def _fold(terms: list[Term], term: Term) -> None:
    """Add a term to a list, to one of the list where that gives few rows."""
    most = min(ROWS_MAX, len(term.index) // CONTACTS_EACH)
    best: tuple[int, int, NDArray[np.bool_]] | None = None
    for place, known in enumerate(terms):
        meets = _meeting(known, term)
        if meets is None:
            continue
        rows = int(np.count_nonzero(meets))
        few = max(most, int(GROWTH * max(len(known.table), len(term.table))))
        if rows <= few and (best is None or rows < best[0]):
            best = rows, place, meets
    if best is None:
        terms.append(term)
    else:
        terms[best[1]] = _sum(terms[best[1]], term, best[2])


def _follows(known: Term, term: Term, place: int, terms: list[Term]) -> bool:
    """Add a term to another of which it is a function; False where it is none."""
    meets = _meeting(known, term)
    if meets is None or np.count_nonzero(meets) > len(known.table):
        return False
    terms[place] = _sum(known, term, meets)
    return True


def _meeting(known: Term, term: Term) -> NDArray[np.bool_] | None:
    """Tell for each pair of rows whether a contact has both; None where these are too many."""
    size = len(known.table) * len(term.table)
    if size > PRODUCT_MAX:
        return None
    meets = np.zeros(size, dtype=np.bool_)
    meets[known.index * len(term.table) + term.index] = True
    return meets


def _sum(known: Term, term: Term, meets: NDArray[np.bool_]) -> Term:
    """Return two terms as one of the rows that meet."""
    row, other = np.divmod(np.flatnonzero(meets), len(term.table))
    index = (np.cumsum(meets) - 1)[known.index * len(term.table) + term.index]
    return Term(None, known.table[row] + term.table[other], index)
