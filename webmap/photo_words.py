"""The words of the map about photos."""

from __future__ import annotations

from flask_babel import gettext as _


def photo_words() -> dict[str, str]:
    """Return key → words."""
    return {
        "photo": _("Photo"),
        "photo_taken": _("Taken"),
        "no_time": _("The photo does not say when"),
        "place": _("Place"),
        "place_within": _("{place}, give or take {length}"),
        "heading": _("Looked towards"),
        "heading_of": _("{n}° from north ({side})"),
        "heading_magnetic_of": _("{n}° from magnetic north ({side})"),
        "height": _("Height"),
        "height_of": _("{length} above take-off"),
        "altitude_of": _("{length} above the sea, as the device has it"),
        "pitch": _("Tilt"),
        "pitch_down": _("{n}° below the horizon"),
        "pitch_up": _("{n}° above the horizon"),
        "straight_down": _("Straight down"),
        "footprint": _("Ground in the picture"),
        "footprint_clipped": _("{area}, as far as plants can be told apart"),
        "no_footprint": _("Unknown: the photo does not say how the camera hung"),
        "camera": _("Camera"),
        **{f"side_{k}": words for k, words in enumerate(_sides())},
    }


def _sides() -> tuple[str, ...]:
    """Return the eight points of the compass from north, clockwise."""
    return (
        _("north"),
        _("north-east"),
        _("east"),
        _("south-east"),
        _("south"),
        _("south-west"),
        _("west"),
        _("north-west"),
    )
