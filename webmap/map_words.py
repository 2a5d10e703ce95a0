"""The words of the map's layers, filters, tools, tables and sheets, in the page's language."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.cases.records import STATE_WORDS, CaseState
from webmap.language import in_words

# What a patch may look like on the map: as found, or as its case stands.
_PATCH_STATES = (
    CaseState.SUSPECTED,
    CaseState.ASSIGNED,
    CaseState.CONFIRMED,
    CaseState.ERADICATED,
    CaseState.DISMISSED,
    CaseState.LICENSED,
)


def map_layers() -> list[tuple[str, str]]:
    """Return the name of each layer of the map and its words, in the order of their list."""
    return [
        ("base", _("Base map")),
        ("coverage", _("Coverage")),
        ("surveys", _("Drone pictures")),
        ("areas", _("Areas")),
        ("gaps", _("Gaps")),
        ("zones", _("Parcels and old growing places")),
        ("tracks", _("Tracks")),
        ("photos", _("Photos")),
        ("sites", _("Sites")),
        ("patches", _("Suspected patches")),
        ("cases", _("Open cases")),
    ]


def map_states() -> dict[str, list[tuple[str, str]]]:
    """Return the states that one may choose of each kind of shape, with their words."""
    return {
        "patches": [(state.value, in_words(STATE_WORDS[state])) for state in _PATCH_STATES],
        "cases": [(state.value, in_words(words)) for state, words in STATE_WORDS.items()],
        "sites": [
            ("due", _("Site to visit soon")),
            ("overdue", _("Site overdue or never visited")),
            ("fine", _("Site visited in time, or not due")),
        ],
    }


def open_states() -> list[str]:
    """Return the states of cases that are drawn where nobody asks for others."""
    return [state.value for state in CaseState if not state.ended]


def papers() -> list[tuple[str, str]]:
    """Return the sheets that a map may be printed on, and their words."""
    return [
        ("a4-landscape", _("A4 landscape")),
        ("a4-portrait", _("A4 portrait")),
        ("a3-landscape", _("A3 landscape")),
        ("a3-portrait", _("A3 portrait")),
    ]


def map_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {
        **{f"layer_{key}": words for key, words in map_layers()},
        **{f"state_{state.value}": in_words(words) for state, words in STATE_WORDS.items()},
        **_filter_words(),
        **_legend_words(),
        **_tool_words(),
        **_compare_words(),
        **_table_words(),
        **_print_words(),
    }


def _filter_words() -> dict[str, str]:
    return {
        "filter_patches": _("Patches by state"),
        "filter_cases": _("Cases by state"),
        "filter_sites": _("Sites by state"),
        "filter_pictures": _("Patches of a drone picture"),
        "filter_days": _("Days"),
        "filter_days_note": _(
            "Tracks, pictures and finds of these days are drawn. Coverage is as known on the last one."
        ),
        "filter_find": _("Find in this list"),
        "day_from": _("From"),
        "day_until": _("Until"),
        "from_day": _("From {day}"),
    }


def _legend_words() -> dict[str, str]:
    return {
        "legend_area": _("Border of an area"),
        "legend_gap": _("Gap, with its rank"),
        "legend_licensed": _("Licensed"),
        "legend_licence_past": _("Licence expired or not yet begun"),
        "legend_former": _("Old growing place"),
        "legend_track_foot": _("Track on foot"),
        "legend_track_vehicle": _("by vehicle"),
        "legend_track_boat": _("by boat"),
        "legend_track_drone": _("by drone"),
        "legend_doubtful": _("Doubtful track"),
        "legend_photo": _("Photo, and where it looked"),
        "legend_site_due": _("Site to visit soon"),
        "legend_site_overdue": _("Site overdue or never visited"),
        "legend_site_fine": _("Site visited in time, or not due"),
        "legend_count": _("How many stand here: move nearer to see each"),
        "legend_overdue": _("Case overdue"),
    }


def _tool_words() -> dict[str, str]:
    return {
        "case": _("Case"),
        "site": _("Site"),
        "photo": _("Photo"),
        "survey": _("Drone picture"),
        "case_see": _("Open the case"),
        "due_on": _("Due {day}"),
        "choose_one": _("Several things stand here"),
        "choose_more": _("and {n} more: move nearer"),
        "measured_length": _("Length {length}"),
        "measured_area": _("Area {area}"),
        "measure_how": _(
            "Click point after point. By keyboard: arrows move the map, Enter sets a point at the "
            "cross, Backspace takes it back, Esc ends."
        ),
        "locating": _("Looking for where you are…"),
        "located": _("You are within {length} of the dot."),
        "locate_insecure": _(
            "The browser tells where you are on encrypted pages only (https). Ask the administrator."
        ),
        "locate_none": _("This browser can't tell where you are."),
        "locate_denied": _(
            "The browser may not tell where you are. Allow location for this page in its settings."
        ),
        "locate_unknown": _("Where you are can't be found now. Go outside and try again."),
        "locate_late": _("Finding where you are took too long. Go outside and try again."),
        "place_pointer": _("Under the pointer"),
        "place_middle": _("Middle of the map"),
        "place_clicked": _("The place last clicked"),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "map_keys": _("Map: arrows move it, plus and minus zoom"),
    }


def _compare_words() -> dict[str, str]:
    return {
        "compare": _("Compare two days"),
        "compare_left": _("Left"),
        "compare_right": _("Right"),
        "compare_left_day": _("Day on the left"),
        "compare_right_day": _("Day on the right"),
        "compare_left_picture": _("Drone picture on the left"),
        "compare_right_picture": _("Drone picture on the right"),
        "compare_no_picture": _("No drone picture"),
        "compare_divider": _("Divider between the two days"),
        "compare_at": _("{n} %: {left} on the left, {right} on the right"),
        "compare_end": _("End comparing"),
    }


def _table_words() -> dict[str, str]:
    return {
        "in_view": _("What is in view"),
        "layers": _("Layers"),
        "rows_of": _("{n} of {total} in view are listed."),
        "rows_all": _("All are listed"),
        "rows_changed": _("The data has changed meanwhile: listed again from the beginning."),
        "rows_none": _("Nothing of this layer lies in view."),
        "layer_off": _("This layer is switched off on the map."),
        "state": _("State"),
        "number": _("Number"),
        "way": _("Way of going"),
        "day": _("Day"),
        "pixel": _("Pixel"),
        "due": _("Due"),
        "risk_column": _("Risk"),
        "kind": _("Kind"),
        "until": _("Until"),
        "overdue": _("overdue"),
        "zone_licensed": _("Licensed"),
        "zone_former": _("Old growing place"),
        "zone_priority": _("Ground to watch"),
        "zone_no-go": _("No-go ground"),
        "zone_past": _("not valid today"),
    }


def _print_words() -> dict[str, str]:
    return {
        "scale_ratio": _("1 : {n} on {paper}, in the middle of the map"),
        "corners": _("{south}° to {north}° N, {west}° to {east}° E"),
        "printed_at": _("printed {when}"),
        "print_ready": _("All is drawn. Choose the paper, mend the title, then print."),
        "no_filter": _("None: everything is shown."),
    }
