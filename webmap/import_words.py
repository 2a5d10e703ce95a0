"""The words of the page of questions about uploads."""

from __future__ import annotations

from flask_babel import gettext as _


def import_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {**_list_words(), **_answer_words()}


def _list_words() -> dict[str, str]:
    return {
        "im_count": _("{n} files wait for an answer."),
        "im_count_one": _("One file waits for an answer."),
        "im_none": _(
            "No file waits for an answer. What the reader can't know by itself appears here."
        ),
        "im_none_such": _("No file waits for such an answer."),
        "im_sent": _("sent by {person}, {when}"),
        "im_kind_crs": _("Zone of the coordinates"),
        "im_kind_columns": _("What the columns hold"),
        "im_kind_track_day": _("Day of a track"),
        "im_whole": _("Why it could not be read, in full"),
        "im_zone_more": _("{n} zones farther away"),
        "im_kind_survey_day": _("Day of a picture"),
        "im_kind_doubts": _("Doubts about a track"),
        "im_kind_parts": _("Files of an archive"),
        "im_kind_file": _("Needs another file"),
        "im_open": _("Answer"),
        "im_open_of": _("Answer: {name}"),
        "im_close": _("Close"),
    }


def _answer_words() -> dict[str, str]:
    return {
        "im_zone": _("{zone}: the points would lie in {area}, {away}"),
        "im_zone_outside": _("{zone}: the points would lie outside of every area, {away}"),
        "im_on_ground": _("on the ground to be searched"),
        "im_away": _("{distance} from the ground to be searched"),
        "im_no_ground": _("no ground is known to compare with"),
        "im_zone_other": _("Another one, by its EPSG code"),
        "im_zone_none": _(
            "No zone fits these numbers. Ask whoever made the table for the EPSG code."
        ),
        "im_zone_pick": _("Choose a zone first."),
        "im_column": _("Column {n}"),
        "im_not_used": _("not used"),
        "im_lon": _("Longitude or east"),
        "im_lat": _("Latitude or north"),
        "im_time": _("Date and time"),
        "im_date": _("Date only"),
        "im_clock": _("Time of day only"),
        "im_track": _("Which track or who"),
        "im_no_rows": _(
            "The table can't be shown here (it may be inside an archive). Name its columns and send "
            "it again."
        ),
        "im_first_rows": _("The first rows of the file, as they stand"),
        "im_column_pick": _("Say which column holds the longitude and which the latitude."),
        "im_column_twice": _("Each meaning can be chosen for one column only."),
        "im_day": _("Day"),
        "im_day_pick": _("Choose the day first."),
        "im_send": _("Read it again with this"),
        "im_aside": _("Put aside"),
        "im_aside_of": _("Set aside: {name}"),
        "im_track_link": _("Track {n}"),
        "im_survey_link": _("Picture {n}"),
        "im_reading": _("{name}: is being read again …"),
        "im_read": _("{name}: {result}"),
        "im_aside_done": _("{name}: set aside. The file and its receipt stay."),
        "im_look_only": _("Only the sender, analysts and administrators answer."),
        "im_retried": _("{n} failed files are being read again."),
        "im_retried_one": _("One failed file is being read again."),
        "im_retried_none": _(
            "None of your files failed for a reason that trying again can change."
        ),
    }
