"""Ask every address of the API what its own description allows, and what it forbids.

schemathesis makes requests from the OpenAPI description, half of them right and half of them wrong
on purpose. Three of ten are stories (:mod:`api_story`): requests with real records and files that
must be done; three of ten are such ones with one part exchanged; in the others the numbers in
addresses are mostly real ones. Each goes to the app of a county with casework as one of the roles.
Nothing may answer 5xx, and every answer must be as described: status, content type, schema, and no
key that the description does not name.

    python scripts/api_fuzz.py --examples 70 --seed 1
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

# First: it finds the tests' builders, which the stories need.
from county_api import ROLES, ROOT, County, closing, make_county  # isort: split

import api_office_stories  # noqa: F401 - kept by being read, like the next
import api_stories  # noqa: F401
import hypothesis
import schemathesis
from api_answers import Strict
from api_arrange import Arranger, Ask
from api_story import story_of
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis import APIOperation, Case
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import encode_multipart

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
AS_DESCRIBED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# A real number, and a role that may ask, so often; else whatever there is.
_REAL_OF_TEN = 8
# Of ten requests so many are stories told right, and so many stories with one thing wrong.
_RIGHT_OF_TEN, _BENT_OF_TEN = 3, 3
# A server's own answer that there is no room or no time is no fault of it.
_SLOW = ("wait",)


@dataclass
class Found:
    """What a campaign saw."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    operations: dict[str, Counter[int]] = field(default_factory=dict)
    roles: Counter[str] = field(default_factory=Counter)
    faults: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def never_done(self) -> list[str]:
        """Return the operations that never answered 2xx."""
        return sorted(
            label
            for label, seen in self.operations.items()
            if not any(200 <= status < 300 for status in seen)
        )

    def figures(self) -> dict[str, object]:
        """Return the figures to print."""
        families = Counter(f"{status // 100}xx" for status in self.statuses.elements())
        return {
            "operations": len(self.operations),
            "never_2xx": len(self.never_done),
            "requests": self.requests,
            "by_role": dict(sorted(self.roles.items())),
            **dict(sorted(families.items())),
            "faults": len(self.faults),
        }


def campaign(
    county: County,
    *,
    examples: int,
    seed: int | None,
    only: str = "",
    tell: Callable[[str], None] | None = None,
) -> Found:
    """Ask every operation of the description so many times; return what was seen.

    Args:
        county: From :func:`make_county`.
        examples: Requests for each operation.
        seed: Of the dice; None: the same ones every time.
        only: Part of the names of the operations to ask, as ``POST /api/v1/tips``.
        tell: Hears after every operation how far it is.
    """
    county.wake()
    answer = county.asked("admin", "GET", "openapi.json")
    described = answer.get_json()
    schema, strict = schemathesis.openapi.from_dict(described), Strict(described)
    schema.app = closing(county.app)
    found, arranger = Found(), Arranger(county, random.Random(seed or 0))
    # A campaign made last is the newest, which is what others are asked about: they come last.
    operations = [result.ok() for result in schema.get_all_operations()]
    for operation in sorted(operations, key=lambda one: "/campaigns" in one.path):
        county.wake()
        label = f"{operation.method.upper()} {operation.path}"
        found.operations[label] = Counter()
        if only in label:
            _Asking(arranger, operation, label, found, strict).ask_much(examples, seed)
            if tell is not None:
                tell(f"{found.requests} requests, {dict(found.statuses)}, up to {label}")
    if only:
        found.operations = {label: seen for label, seen in found.operations.items() if seen}
    return found


@dataclass
class _Asking:
    """One operation, and what was seen of it."""

    arranger: Arranger
    operation: APIOperation
    label: str
    found: Found
    strict: Strict

    def ask_much(self, examples: int, seed: int | None) -> None:
        """Ask it so many times; faults are noted, so that one does not hide the others."""
        may = self.operation.definition.raw["x-roles"]
        modes = (self.operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

        @hypothesis.settings(
            max_examples=max(examples, 1),
            deadline=None,
            database=None,
            derandomize=seed is None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=st.one_of(*modes), dice=st.randoms(use_true_random=False))
        def ask(case: Case, dice: random.Random) -> None:
            way = dice.randrange(10)
            known = may if way < _RIGHT_OF_TEN + _BENT_OF_TEN else ROLES
            self._ask(case, dice, way, dice.choice(known))

        if seed is not None:
            ask = hypothesis.seed(seed)(ask)
        # The first is told right, whatever the dice say.
        for role in [one for one in sorted(may) if one != "auditor"][:1] or may:
            self._ask(self.operation.Case(), self.arranger.dice, 0, role)
        if examples > 1:
            ask()

    def _ask(self, case: Case, dice: random.Random, way: int, role: str) -> None:
        county = self.arranger.county
        session = None
        told = self._story(role) if way < _RIGHT_OF_TEN + _BENT_OF_TEN else None
        if told is not None:
            session = told.session
            self._tell(case, told, dice, bent=way >= _RIGHT_OF_TEN)
        elif case.path_parameters or "{" not in case.path:
            self._name_records(case, dice)
        else:
            return
        # Without it the answer waits too, for as long as it may.
        for one in self.operation.definition.raw["parameters"]:
            if one["in"] == "query" and one["name"] in _SLOW:
                case.query = {**(case.query or {}), one["name"]: 0}
        more: dict[str, Any] = {"headers": county.bearer(role)}
        if session is not None:
            more = _session_of(county, session)
        if told is not None and told.kind == "multipart/form-data":
            boundary, more["data"] = encode_multipart(told.body)
            more["headers"]["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        self._send(case, role, more)

    def _story(self, role: str) -> Ask | None:
        """Return a request that should be done; None where its records can't be made."""
        try:
            return story_of(self.arranger, self.label, role)
        except AssertionError as error:
            # Auditors send nothing, so nothing sent is theirs.
            if role != "auditor":
                key = (self.label, "its records could not be made")
                self.found.faults.setdefault(key, f"{role}: {error}"[:1500])
            return None

    def _name_records(self, case: Case, dice: random.Random) -> None:
        """Put the numbers of real records into an address, mostly."""
        values = self.arranger.county.values
        for name in case.path_parameters or {}:
            if dice.randrange(10) < _REAL_OF_TEN:
                case.path_parameters[name] = dice.choice(values[name])

    def _tell(self, case: Case, told: Ask, dice: random.Random, *, bent: bool) -> None:
        """Make a request that of a story; bent: but for one part of its body or its query."""
        made = case.body if isinstance(case.body, dict) else {}
        query = dict(case.query or {})
        known = self.arranger.county.values
        names = [
            one["name"]
            for one in self.operation.definition.raw["parameters"]
            if one["in"] == "path"
        ]
        case.path_parameters = {name: told.path.get(name, known[name][0]) for name in names}
        case.query, case.headers = dict(told.query), dict(told.headers)
        body = NOT_SET if told.body is None else told.body
        if bent and isinstance(body, dict) and made and told.kind == "application/json":
            name = dice.choice(sorted(made))
            body = {**body, name: made[name]}
        elif bent and query:
            name = dice.choice(sorted(query))
            case.query[name] = query[name]
        if told.kind == "multipart/form-data":
            body = {}
        case.body, case.media_type = body, told.kind

    def _send(self, case: Case, role: str, more: dict[str, Any]) -> None:
        found = self.found
        found.requests += 1
        found.roles[role] += 1
        plain = {"Accept-Encoding": "identity"}
        more["headers"] = {**(case.headers or {}), **more["headers"], **plain}
        try:
            answer = case.call(**more)
        except Exception as error:  # noqa: BLE001 - whatever comes out is the find
            place = f"{type(error).__name__} {_place_of(error)}"
            found.faults.setdefault((self.label, place), f"{role}: {_curl(case)}\n{error}")
            return
        found.statuses[answer.status_code] += 1
        found.operations[self.label][answer.status_code] += 1
        try:
            case.validate_response(answer, checks=AS_DESCRIBED)
        except FailureGroup as group:
            for failure in group.exceptions:
                key = (self.label, f"{answer.status_code} {type(failure).__name__}")
                found.faults.setdefault(key, f"{role}: {str(failure)[:600]}")
        done = HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES
        if done and "application/json" in answer.headers.get("content-type", []):
            for fault in self.strict.faults(self.label, answer.status_code, answer.json()):
                found.faults.setdefault((self.label, "not as described"), f"{role}: {fault}")


def _session_of(county: County, client: FlaskClient) -> dict[str, Any]:
    """Return what a browser sends beside its request."""
    forgery = county.forgery(client)
    cookie = client.get_cookie("geoinspect")
    assert cookie is not None
    return {"headers": {"X-CSRFToken": forgery}, "cookies": {"geoinspect": cookie.value}}


def _place_of(error: Exception) -> str:
    """Return the last place of ours that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = (f for f in reversed(frames) if f"{ROOT}/" in f.filename and ".venv" not in f.filename)
    last = next(own, frames[-1])
    return f"{Path(last.filename).name}:{last.lineno}"


def _curl(case: Case) -> str:
    try:
        return case.as_curl_command()[:1000]
    except Exception:  # noqa: BLE001 - what can't be shown so was sent all the same
        return f"{case.method} {case.path_parameters} {case.query}"


def report(found: Found) -> int:
    """Print the faults and the figures; return 1 for any fault."""
    for (label, what), told in sorted(found.faults.items()):
        print(f"--- {label}: {what}\n{told}")
    for label, seen in sorted(found.operations.items()):
        print(f"{label}: " + " ".join(f"{status}×{n}" for status, n in sorted(seen.items())))
    print("never 2xx:", *found.never_done, sep="\n  ")
    print(found.figures())
    return int(bool(found.faults))


def _progress(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Run one campaign and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="part of the names of the operations to ask")
    chosen = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        county = make_county(Path(folder))
        found = campaign(
            county, examples=chosen.examples, seed=chosen.seed, only=chosen.only, tell=_progress
        )
        county.close()
    status = report(found)
    print({"seed": chosen.seed, "seconds": round(time.monotonic() - started)})
    return status


if __name__ == "__main__":
    sys.exit(main())
