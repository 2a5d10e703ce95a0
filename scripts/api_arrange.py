"""Makes what a request to the API needs to be done: cases, tips, uploads, plans, files."""

from __future__ import annotations

import base64
import io
import itertools
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from county_api import PASSWORD, County
from flask.testing import FlaskClient
from sqlalchemy import Select, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from geoinspect.cases.tip_codes import new_code
from geoinspect.casework.tips import NewTip, take_tip
from geoinspect.store import jobs, people, tokens
from geoinspect.store.schema import CampaignRow, PatchRow, UserRow
from geoinspect.store.search_schema import PlanRow
from geoinspect.store.workspace import Workspace
from webmap.api.openapi_examples import EXAMPLES

Json = dict[str, Any]
_Made = TypeVar("_Made")
PIECE = "application/offset+octet-stream"
RAW = "application/octet-stream"
TUS = {"Tus-Resumable": "1.0.0"}
_EAST_LON, _EAST_LAT = 107.91, 33.962
# Of all arrangers: two may ask one county.
_NUMBERS = itertools.count(1)


@dataclass
class Ask:
    """A request that should be done: what is not given here is as the description has it.

    Attributes:
        path: Values of the address.
        query, headers: To send, and no others.
        body: None for none.
        kind: Media type of the body.
        session: By somebody who has signed in; None: by token.
    """

    path: Json = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    headers: Json = field(default_factory=dict)
    body: Any = None
    kind: str | None = None
    session: Any = None


class Arranger:
    """Makes what a request needs to be done: records of one county, each new when it is asked for."""

    def __init__(self, county: County, dice: random.Random) -> None:
        self.county, self.dice = county, dice
        self._kept: dict[tuple[str, str], Any] = {}

    def fresh(self) -> int:
        """Return a number that was not returned before."""
        return next(_NUMBERS)

    def once(self, name: str, role: str, make: Callable[[], _Made]) -> _Made:
        """Return what was made for a role before, or make it."""
        if (name, role) not in self._kept:
            self._kept[name, role] = make()
        return self._kept[name, role]

    def made(self, role: str, method: str, path: str, **more: object) -> TestResponse:
        """Ask for something that must be done; return its answer."""
        answer = self.county.asked(role, method, path, **more)
        assert answer.status_code < 300, (role, method, path, answer.get_data(as_text=True)[:500])
        return answer

    @property
    def workspace(self) -> Workspace:
        """The county's."""
        return self.county.workspace

    def numbers(self, asked: Select[tuple[int]]) -> list[int]:
        """Return a column of the database."""
        with self.workspace.database.reading() as session:
            return list(session.scalars(asked))

    def user(self, role: str) -> int:
        """Return the number of a role's person."""
        return int(self.numbers(select(UserRow.id).where(UserRow.name == f"{role}-all"))[0])

    def place(self) -> Json:
        """Return a place of the east where nothing else lies."""
        number = self.fresh()
        return {"lon": _EAST_LON + 2e-4 * (number % 40), "lat": _EAST_LAT - 2e-4 * (number // 40)}

    def tip(self, *, reward: bool = False) -> int:
        """Take a tip as the public page does; return its number."""
        at = self.place()
        new = NewTip(
            f"fuzz-{uuid.UUID(int=self.dice.getrandbits(128))}",
            text="山坡上有罂粟",
            lon=at["lon"],
            lat=at["lat"],
            claim_code=new_code() if reward else "",
        )
        return take_tip(self.workspace, new).tip_id

    def patches(self, survey: int) -> list[int]:
        """Return the numbers of a survey's patches."""
        return self.numbers(select(PatchRow.id).where(PatchRow.survey_id == survey))

    def labelled(self, survey: int) -> int:
        """Say something of every patch of a survey, and keep a model of it; return its number."""
        for place, patch in enumerate(self.patches(survey)):
            said = {"patch": patch, "label": ("poppy", "other")[place % 2]}
            self.made("analyst", "POST", f"review/{survey}/labels", json=said)
        models = self.made("analyst", "POST", f"review/{survey}/models", json={"name": "m"})
        return max(one["id"] for one in models.get_json()["models"] if one["survey"] == survey)

    def upload(self, role: str, size: int = 12) -> str:
        """Begin an upload; return its number."""
        name = base64.b64encode(f"走{self.fresh()}.gpx".encode()).decode()
        headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": f"filename {name}"}
        answer = self.made(role, "POST", "uploads", headers=headers)
        return str(answer.headers["Location"]).rsplit("/", 1)[1]

    def table(self) -> bytes:
        """Return a walk in metres that does not say of which zone."""
        north = 3_760_000 + self.fresh()
        rows = [f"{500_000 + 9 * k},{north},2026-05-14 08:{k:02d}:00" for k in range(40)]
        return "\n".join(["东坐标,北坐标,时间", *rows]).encode()

    def sent(self, role: str, data: bytes, name: str) -> str:
        """Send a file; return its receipt."""
        more = {"query_string": {"name": name}, "data": data, "content_type": RAW}
        return str(self.made(role, "POST", "files", **more).get_json()["receipt"])

    def plan(self) -> int:
        """Plan a patrol; return its number."""
        made = self.made("admin", "POST", "plans", json=EXAMPLES["POST /api/v1/plans"])
        return int(made.get_json()["id"])

    def check(self) -> Json:
        """Draw cleared cells; return the draw."""
        body = {"seed": f"fuzz {self.fresh()}", "share": 0.5}
        return dict(self.made("admin", "POST", "checks", json=body).get_json())

    def trial(self) -> int:
        """Keep a trial; return its number."""
        found = self.made("admin", "POST", "trials", data=trial_form(), buffered=True)
        return int(found.get_json()["id"])

    def asking(self, role: str) -> str:
        """Send a file that leaves something to ask; return its receipt."""
        receipt = self.sent(role, self.table(), "走.csv")
        self.county.do_jobs()
        return receipt

    def job(self, role: str) -> int:
        """Let a job of somebody's own wait; return its number."""
        with self.county.database.writing() as session:
            row = jobs.enqueue(
                session,
                "audit_verify",
                "audit",
                {},
                asked_by=self.user(role),
                weight="long",
            )
            session.flush()
            return row.id

    def backup(self) -> str:
        """Make a backup; return its name."""
        self.made("admin", "POST", "backups", json={})
        self.county.do_jobs()
        told = self.made("admin", "GET", "backups").get_json()["backups"]
        return str(told[0]["name"])

    def token(self, role: str) -> int:
        """Make a token of somebody's own; return its number."""
        with self.county.database.writing() as session:
            _secret, row = tokens.add_token(session, label="spare", user_id=self.user(role), days=1)
            return row.id

    def version_of(self, name: str, role: str) -> str:
        """Return the version of a setting as it stands."""
        return str(self.made(role, "GET", f"settings/{name}").get_json()["version"])

    def campaign(self) -> int:
        """Keep a campaign that runs, on the ground of the first; return its number."""
        today = datetime.now(UTC).date()
        with self.county.database.writing() as session:
            first = session.get_one(CampaignRow, 1)
            row = CampaignRow(
                name=f"行动{self.fresh()}",
                area_code=first.area_code,
                start=today - timedelta(days=5),
                end=today + timedelta(days=5),
                cell_m=first.cell_m,
                crs=first.crs,
                side=first.side,
                ground=first.ground,
            )
            session.add(row)
            session.flush()
            return row.id

    def bare_plan(self) -> int:
        """Keep a plan without routes; return its number."""
        with self.county.database.writing() as session:
            row = PlanRow(
                campaign_id=1,
                name="计划",
                day=None,
                unit_code=None,
                made_at=datetime.now(UTC),
                made_by="x",
                asked={},
                routes=[],
                figures={},
            )
            session.add(row)
            session.flush()
            return row.id

    def guest(self, role: str) -> FlaskClient:
        """Return a browser in which somebody new of a role has signed in."""
        name = f"{role}-guest-{self.fresh()}"
        with self.county.database.writing() as session:
            people.add_user(session, name=name, role=role, unit_code=None, password=PASSWORD)
        return self.county.signed_in(name)

    def by_session(self, client: FlaskClient, path: str, body: Json) -> TestResponse:
        """Send something by a browser; return its answer, which must be that it is done."""
        headers = {"X-CSRFToken": self.county.forgery(client)}
        answer = client.post(f"/api/v1/{path}", json=body, headers=headers)
        assert answer.status_code < 300, answer.get_data(as_text=True)
        return answer


def trial_form() -> Json:
    """Return a trial of pictures: what was laid out, and what was found."""
    rows = [f"T{k},{_EAST_LON + 1e-4 * k:.6f},{_EAST_LAT},{int(k % 3 > 0)}" for k in range(30)]
    table = "\n".join(["target,lon,lat,found", *rows]).encode()
    return {
        "method": "survey",
        "day": "2026-05-14",
        "targets": FileStorage(io.BytesIO(table), "t.csv"),
    }
