"""The API as methods: files in, receipts, cases, coverage and lists out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from geoinspect.client.connection import Connection, Json, Patience
from geoinspect.client.sending import MOST_PIECE_BYTES, Tell, send_file

_API = "/api/v1"
_LIVE, _WAITS = frozenset({"waiting", "reading"}), frozenset({"waiting", "running"})
# Without a cursor these answer the first by rank or day only.
_WALKED = frozenset({"patches", "tracks", "photos"})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_PATIENCE = Patience()


class Client:
    """A signed-in user of one server.

    Every method raises :class:`~geoinspect.client.ApiError` with the server's code and its words in
    both languages. Lists are iterators that fetch their pages as they are read; filters are the
    parameters of the description at ``/api/v1/openapi.json``.

    Args:
        base_url: As ``https://map.county.example``.
        token: API token from the account page.
        verify: Whether to check the server's certificate, or a file with the office's own.
        patience: How long and how often to try.

    Raises:
        UsageError: The address is none of a web server, or the token is empty.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        verify: bool | str = True,
        patience: Patience = _PATIENCE,
    ) -> None:
        self._connection = Connection(base_url, token, verify=verify, patience=patience)

    def __repr__(self) -> str:
        return f"Client({self._connection.base_url!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def get(self, path: str, **query: object) -> Json:
        """Return what an address below ``/api/v1/`` answers, as ``get("overview", area="990100")``."""
        return self._connection.json("GET", f"{_API}/{path}", query=query)

    def post(self, path: str, body: Json) -> Json:
        """Send an object to an address below ``/api/v1/`` and return the answer.

        A body with a ``client_id`` counts once and is sent again when its answer got lost.
        """
        return self._connection.json("POST", f"{_API}/{path}", body=body)

    def pages(self, path: str, name: str, **query: object) -> Iterator[Json]:
        """Yield the rows ``name`` of a list, page after page."""
        asked = dict(query)
        while True:
            found = self.get(path, **asked)
            yield from found[name]
            if found.get("next") is None:
                return
            asked["cursor"] = found["next"]

    def upload(
        self,
        path: Path,
        tags: dict[str, str] | None = None,
        *,
        piece_bytes: int = MOST_PIECE_BYTES,
        tell: Tell | None = None,
    ) -> Json:
        """Send a file in checked pieces and return its receipt; ``tags`` as unit, team, mode, day.

        What broke off is taken up where it ended. ``tell`` hears of the bytes kept and of all.
        """
        number = send_file(self._connection, path, tags or {}, piece_bytes=piece_bytes, tell=tell)
        return self.receipt(number)

    def receipt(self, number: str, *, wait_s: float = 0.0) -> Json:
        """Return one receipt, once its file was read or after ``wait_s`` seconds."""
        return self._once_ended(f"receipts/{quote(number, safe='')}", _LIVE, wait_s)

    def _once_ended(self, path: str, live: frozenset[str], wait_s: float) -> Json:
        end, pause_s = time.monotonic() + wait_s, _FIRST_PAUSE_S
        while True:
            found = self.get(path)
            left_s = end - time.monotonic()
            if found["state"] not in live or left_s <= 0:
                return found
            time.sleep(min(pause_s, left_s))
            pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)

    def receipts(self) -> Iterator[Json]:
        """Yield one's own receipts, newest first."""
        return self.pages("receipts", "receipts")

    def cases(self, **query: object) -> Iterator[Json]:
        """Yield cases, newest first: ``state``, ``origin``, ``unit``, ``area``, ``q`` and more."""
        return self.pages("cases", "cases", **query)

    def case(self, number: int) -> Json:
        """Return one case by its row number."""
        return self.get(f"cases/{number:d}")

    def step(self, number: int, action: str, *, client_id: str, **more: object) -> Json:
        """Do something to a case; the same ``client_id`` counts once, however often it is sent."""
        body = {"action": action, "client_id": client_id, **more}
        return self.post(f"cases/{number:d}/steps", body)

    def evidence(self, number: int, path: Path, *, client_id: str, **query: object) -> Json:
        """Send a file as evidence of a case; the same ``client_id`` counts once.

        Args:
            number: Of the case, its row number.
            path: A photo, a video, a document, or a track walked round the ground.
            client_id: Made by the sender, 8 to 64 letters, digits and hyphens.
            query: What more is said of it: ``kind``, ``note``, ``lon``, ``lat``, ``taken``,
                ``witness`` and others of the description.

        Returns:
            ``evidence``, ``receipt``, and in ``problems`` what is odd about it.

        Raises:
            InputError: The file can't be read.
        """
        said = {**query, "name": path.name, "client_id": client_id}
        return self._connection.file(f"{_API}/cases/{number:d}/evidence", path, said)

    def overview(self, area: str | None = None, **query: object) -> Json:
        """Return coverage, children, gaps and counts of an area; of the campaign's without one."""
        return self.get("overview", area=area, **query)

    def gaps(self, area: str | None = None, **query: object) -> list[Json]:
        """Return all gaps of an area as GeoJSON features, the most pressing first.

        Their outlines are drawn with few corners; :meth:`gap` has each exactly.

        Raises:
            ApiError: The coverage changed while they were listed (``cursor_gone``): ask again.
        """
        return list(self.pages("gaps", "features", area=area, **query))

    def gap(self, number: str, **query: object) -> Json:
        """Return one gap by the ``id`` of its list, with its exact outline, as a GeoJSON feature."""
        return self.get(f"gaps/{quote(number, safe='')}", **query)

    def situation(self) -> Json:
        """Return the figures of the commander's page."""
        return self.get("situation")

    def tracks(self, **query: object) -> Iterator[Json]:
        """Yield tracks, those with doubts that nobody decided on first."""
        return self.pages("track-list", "tracks", **query)

    def patrols(self, **query: object) -> Iterator[Json]:
        """Yield patrols by day: ``from``, ``to``."""
        return self.pages("patrols", "patrols", **query)

    def patches(
        self, bbox: tuple[float, float, float, float] | None = None, **query: object
    ) -> list[Json]:
        """Return suspected patches by rank as GeoJSON features; ``bbox`` in degrees, west first."""
        box: dict[str, object] = (
            {} if bbox is None else {"bbox": ",".join(str(side) for side in bbox)}
        )
        return list(self.get("patches", **box, **query)["features"])

    def every(
        self,
        kind: str,
        bbox: tuple[float, float, float, float] | None = None,
        **query: object,
    ) -> Iterator[Json]:
        """Yield all of what is drawn as GeoJSON features: ``patches``, ``tracks`` or ``photos`` by
        number, ``areas``, ``zones`` or ``surveys`` in their order.

        Every one comes once, whatever is added meanwhile; ``bbox`` in degrees, west first, is for
        the first three.
        """
        box = None if bbox is None else ",".join(str(side) for side in bbox)
        begin = 0 if kind in _WALKED else None
        return self.pages(kind, "features", bbox=box, **query, cursor=begin)

    def sites(self, **query: object) -> Iterator[Json]:
        """Yield sites, the most pressing first: ``state``, ``kind``, ``unit``, ``area``."""
        return self.pages("sites", "sites", **query)

    def tips(self, **query: object) -> Iterator[Json]:
        """Yield tips, those that wait first: ``state``, ``reward``."""
        return self.pages("tips", "tips", **query)

    def job(self, number: int, *, wait_s: float = 0.0) -> Json:
        """Return one job, once it ended or after ``wait_s`` seconds."""
        return self._once_ended(f"jobs/{number:d}", _WAITS, wait_s)

    def jobs(self, **query: object) -> Iterator[Json]:
        """Yield visible jobs, newest first: ``state``, ``kind``, ``mine``."""
        return self.pages("jobs", "jobs", **query)
