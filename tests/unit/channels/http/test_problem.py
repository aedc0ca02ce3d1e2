import json

import pytest

from channels.http.problem import (
    PROBLEM_MEDIA_TYPE,
    PROBLEMS,
    Problem,
    name_of_error,
    name_of_status,
    problem_response,
)
from domain.errors import (
    CellError,
    CellGone,
    ConfigurationError,
    EventsGone,
    IllegalTransition,
    LimitExceeded,
    NoCellFree,
    NotKnown,
    StoreError,
    WarmlineError,
)


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_every_kind_makes_a_problem_of_rfc_9457(name: str) -> None:
    response = problem_response(name, "detail", "/path", status=418 if name == "http" else None)
    assert response.media_type == PROBLEM_MEDIA_TYPE
    problem = Problem.model_validate_json(bytes(response.body))
    assert problem.status == response.status_code >= 400
    assert problem.type == f"/api/v1/problems/{name}"
    assert problem.title
    assert (problem.detail, problem.instance) == ("detail", "/path")


def test_a_bare_status_is_told_by_its_phrase() -> None:
    response = problem_response("http", "x", "/", status=418)
    assert json.loads(bytes(response.body))["title"] == "I'm a Teapot"


def test_extension_members_and_headers_are_kept() -> None:
    response = problem_response(
        "events-gone", "x", "/", headers={"Retry-After": "5"}, more={"first_sequence": 9}
    )
    assert json.loads(bytes(response.body))["first_sequence"] == 9
    assert response.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    ("status", "name"),
    [(404, "not-found"), (405, "method-not-allowed"), (422, "unprocessable"), (418, "http")],
)
def test_the_kind_for_a_status(status: int, name: str) -> None:
    assert name_of_status(status) == name


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (NotKnown("agent", "x"), "not-known"),
        (IllegalTransition("AgentState", "ready", "busy"), "conflict"),
        (CellGone("c-1"), "conflict"),
        (LimitExceeded("x", 2, 1), "limit"),
        (NoCellFree("x"), "limit"),
        (StoreError("x"), "unavailable"),
        (ConfigurationError("x"), "configuration"),
        (EventsGone(1, 5, 9), "events-gone"),
        (CellError("x"), "internal"),
        (WarmlineError("x"), "internal"),
    ],
)
def test_the_kind_for_an_error_of_the_domain(error: WarmlineError, name: str) -> None:
    assert name_of_error(error) == name
    assert name in PROBLEMS
