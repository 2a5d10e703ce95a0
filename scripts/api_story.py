"""A story: what makes a request of an operation one that is done.

It is asked for each request anew, so that what an earlier one took away is there again. The bodies
are those of the description's examples, with this county's records in them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from api_arrange import Arranger, Ask

from webmap.api.openapi_examples import EXAMPLES

Story = Callable[[Arranger, str], Ask]
Json = dict[str, Any]
STORIES: dict[str, Story] = {}
_API = "/api/v1/"


def story_of(arranger: Arranger, label: str, role: str) -> Ask:
    """Return a request of an operation, as ``GET /api/v1/…``, that this role should see done."""
    told = STORIES[label](arranger, role) if label in STORIES else Ask()
    if told.body is None and label in EXAMPLES:
        told.body = dict(EXAMPLES[label])
    if isinstance(told.body, dict):
        if "client_id" in told.body:
            told.body["client_id"] = str(uuid.UUID(int=arranger.dice.getrandbits(128)))
        told.kind = told.kind or "application/json"
    return told


def story(*labels: str) -> Callable[[Story], Story]:
    """Keep a story under the operations it is of, as ``POST cases``."""

    def keep(made: Story) -> Story:
        for label in labels:
            method, path = label.split(" ")
            STORIES[f"{method} {_API}{path}"] = made
        return made

    return keep


def body_of(label: str, **other: object) -> Json:
    """Return the description's example of a body, with some fields exchanged."""
    method, path = label.split(" ")
    return {**EXAMPLES[f"{method} {_API}{path}"], **other}
