"""The six words of the rail and the pages behind each, by their addresses.

An address that this server does not have, or that the person's role may not use, is left out by
:mod:`webmap.frame`; a page that is added later appears as soon as its address exists.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _


@dataclass(frozen=True, slots=True)
class Tab:
    """A page by its address."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """A word of the rail: its pages, the first of which it leads to."""

    key: str
    name: str
    tabs: tuple[Tab, ...]


def parts(role: str) -> tuple[Part, ...]:
    """Return the words of the rail in their order, with all pages that there could be."""
    return (
        Part("overview", _("Overview"), (Tab("/overview", _("Overview")),)),
        Part("map", _("Map"), (Tab("/map", _("Map")),)),
        Part(
            "review",
            _("Review"),
            (
                Tab("/review", _("Review queue")),
                Tab("/surveys", _("Drone pictures")),
                Tab("/tracks", _("Tracks")),
                Tab("/patrols", _("Patrols")),
                Tab("/imports", _("Questions about uploads")),
            ),
        ),
        Part("cases", _("Cases"), _case_tabs(role)),
        Part(
            "upload",
            _("Upload"),
            (
                Tab("/upload", _("Upload")),
                Tab("/sent", _("What I sent")),
                Tab("/jobs", _("Jobs")),
            ),
        ),
        Part(
            "reports",
            _("Reports"),
            (
                Tab("/confidence", _("Confidence")),
                Tab("/plans", _("Plans")),
                Tab("/checks", _("Checks")),
                Tab("/rates", _("Rates")),
                Tab("/campaigns", _("Campaigns")),
            ),
        ),
        Part(
            "admin",
            _("Admin"),
            (
                Tab("/people", _("People")),
                Tab("/units", _("Units")),
                Tab("/settings", _("Settings")),
                Tab("/health", _("Health")),
                Tab("/backups", _("Backups")),
                Tab("/audit", _("Audit")),
            ),
        ),
    )


def _case_tabs(role: str) -> tuple[Tab, ...]:
    today = Tab("/today", _("Today"))
    rest = (
        Tab("/work", _("Work lists")),
        Tab("/sites", _("Sites")),
        Tab("/tips", _("Tips")),
        Tab("/targets", _("Satellite targets")),
        Tab("/licences", _("Licensed parcels")),
        Tab("/standing", _("Zero yield")),
    )
    cases = Tab("/cases", _("Cases"))
    return (today, cases, *rest) if role == "field" else (cases, today, *rest)


def field_parts() -> tuple[Part, ...]:
    """Return the four words at the foot of a field person's phone."""
    return (
        Part("today", _("Today"), (Tab("/today", _("Today")),)),
        Part("upload", _("Upload"), (Tab("/upload", _("Upload")),)),
        Part("map", _("Map"), (Tab("/map", _("Map")),)),
        Part(
            "mine",
            _("Mine"),
            (
                Tab("/me", _("My week")),
                Tab("/sent", _("What I sent")),
                Tab("/account", _("Account")),
            ),
        ),
    )


def menu() -> tuple[Tab, ...]:
    """Return the pages of the person's own menu."""
    return (
        Tab("/account", _("Account")),
        Tab("/me", _("My week")),
        Tab("/sent", _("What I sent")),
        Tab("/jobs", _("Jobs")),
        Tab("/api", _("API")),
    )
