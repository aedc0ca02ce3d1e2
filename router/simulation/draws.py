"""Chance by name: each draw is a function of the seed, of whom it is about, and of what for.

A generator that is asked in the order of events would give another customer another patience as
soon as one policy asks once more than another. Here the same contact has the same patience under
every policy (common random numbers), so that policies differ by what they decide alone.
"""

from math import exp, log
from statistics import NormalDist
from typing import Final

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio, as SplitMix64 steps."""
_NORMAL: Final = NormalDist()


def mix(value: int) -> int:
    """Return 64 bits that look unlike `value`: the finaliser of SplitMix64.

    Source:
        Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
    """
    value &= _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def key_of(*names: int) -> int:
    """Return a key for whom draws are about, such as (seed, day, number); order matters."""
    key = 0
    for name in names:
        key = mix(key + _GOLDEN + (name & _MASK))
    return key


def key_of_text(text: str) -> int:
    """Return a number for a name, the same in every process."""
    key = 0
    for letter in text.encode():
        key = mix(key + _GOLDEN + letter)
    return key


def uniform(key: int, what: int) -> float:
    """Return a number from 0 to 1, both left out; equal for equal arguments."""
    return ((mix(key + _GOLDEN * (what + 1)) >> 12) + 0.5) * 2.0**-52


def normal(key: int, what: int) -> float:
    """Return a number of mean 0 and standard deviation 1."""
    return _NORMAL.inv_cdf(uniform(key, what))


def exponential(key: int, what: int) -> float:
    """Return a number over 0 with mean 1."""
    return -log(uniform(key, what))


def weibull(key: int, what: int, median: float, shape: float) -> float:
    """Return a number over 0 of the Weibull distribution with this median."""
    return float(median * (exponential(key, what) / log(2)) ** (1 / shape))


def lognormal(key: int, what: int, median: float, sigma: float) -> float:
    """Return a number over 0 whose logarithm has this standard deviation."""
    return median * exp(sigma * normal(key, what))
