"""What the bar, the rail and the tabs show to the person behind a request, and the theme.

A link is shown only where the address exists and the person's role may use it
(:mod:`webmap.access_rows`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from webmap.access_rows import ROWS
from webmap.auth import current_person, home_of
from webmap.frame_parts import Part, Tab, field_parts, menu, parts
from webmap.frame_words import find_words, role_words, theme_words
from webmap.office import office
from webmap.scope import scope_of
from webmap.scope_search import newest_day

THEMES = ("light", "dark", "system")
_COOKIE = "theme"
_COOKIE_S = 365 * 86400


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the frame.

    Attributes:
        key: Which sign stands at it; empty for none.
        current: ``page`` on this very page, ``true`` on one of the same part, else None.
        wide_only: A phone shows it in the person's menu instead.
    """

    path: str
    name: str
    key: str = ""
    current: str | None = None
    wide_only: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page for one person.

    Attributes:
        home: Where the product's name leads.
        rail, tabs, menu: Links in their order; no tabs where a part has one page only.
        role: In words.
        unit: Name of the person's unit; None without one.
        newest: Day of the newest look of the newest campaign that they may see, without a
            campaign of what their units sent; None without one.
    """

    home: str
    rail: tuple[Link, ...]
    tabs: tuple[Link, ...]
    menu: tuple[Link, ...]
    role: str
    unit: str | None
    newest: date | None


def use_frame(app: Flask) -> None:
    """Give the templates of an app their frame, and remember the theme that a person chose.

    ``?theme=dark`` on any page changes it, as ``light`` and ``system`` do.
    """

    @app.after_request
    def _remember(response: Response) -> Response:
        if request.args.get("theme") in THEMES:
            # The page's script changes it too, so it is not kept from scripts.
            response.set_cookie(
                _COOKIE, theme(), max_age=_COOKIE_S, samesite="Lax", secure=request.is_secure
            )
        return response

    app.jinja_env.globals.update(
        frame=frame, theme=theme, theme_words=theme_words, find_words=find_words
    )


def theme() -> str:
    """Return the theme of this response: ``light``, ``dark`` or ``system``."""
    for wanted in (request.args.get("theme"), request.cookies.get(_COOKIE)):
        if wanted in THEMES:
            return str(wanted)
    return "system"


def may_open(path: str) -> bool:
    """Return whether this server has a page at an address, and the person's role may read it."""
    try:
        endpoint, _values = current_app.url_map.bind("localhost").match(path, method="GET")
    except HTTPException:
        return False
    row = ROWS.get(str(endpoint))
    return row is not None and current_person().role in row.roles


def home() -> str:
    """Return where a person's work starts."""
    return home_of(current_person().role)


def frame() -> Frame:
    """Return the frame of this page; only for somebody who has signed in."""
    if "frame" not in g:
        g.frame = _made()
    made: Frame = g.frame
    return made


def _made() -> Frame:
    person = current_person()
    all_parts = [part for part in map(_opened, parts(person.role)) if part.tabs]
    rail = _rail(all_parts, _opened_field() if person.role == "field" else [])
    tabs = next((part.tabs for part in all_parts if _holds(part)), ())
    with office().workspace.database.reading() as session:
        scope = scope_of(session)
        unit = None if person.unit_code is None else scope.unit_names().get(person.unit_code)
        newest = newest_day(scope)
    return Frame(
        home=home(),
        rail=rail,
        tabs=tuple(_link(tab) for tab in tabs) if len(tabs) > 1 else (),
        menu=tuple(_link(tab) for tab in menu() if may_open(tab.path)),
        role=role_words().get(person.role, person.role),
        unit=unit or person.unit_code,
        newest=newest,
    )


def _opened(part: Part) -> Part:
    return replace(part, tabs=tuple(tab for tab in part.tabs if may_open(tab.path)))


def _opened_field() -> list[Part]:
    return [part for part in map(_opened, field_parts()) if part.tabs]


def _rail(all_parts: Iterable[Part], field: list[Part]) -> tuple[Link, ...]:
    """Return the rail; a field person's starts with the four words of the phone's foot."""
    if not field:
        return tuple(_word(part) for part in all_parts)
    first = tuple(_word(part) for part in field)
    known = {part.key for part in field}
    taken = any(link.current for link in first)
    rest = []
    for part in all_parts:
        if part.key not in known:
            link = replace(_word(part), wide_only=True)
            rest.append(replace(link, current=None) if taken else link)
    return (*first, *rest)


def _word(part: Part) -> Link:
    first = part.tabs[0]
    current = None
    if _holds(part):
        current = "page" if request.path == first.path else "true"
    return Link(first.path, part.name, part.key, current)


def _holds(part: Part) -> bool:
    return any(_is_in(tab) for tab in part.tabs)


def _is_in(tab: Tab) -> bool:
    return request.path == tab.path or request.path.startswith(f"{tab.path}/")


def _link(tab: Tab) -> Link:
    current = "page" if request.path == tab.path else "true" if _is_in(tab) else None
    return Link(tab.path, tab.name, current=current)
