"""The words of the pages about satellite targets and licences."""

from __future__ import annotations

from flask_babel import gettext as _


def target_words() -> dict[str, str]:
    """Return key → words of the page about satellite targets."""
    return {
        "target_lists": _("Target lists"),
        "target_list": _("List"),
        "targets_count": _("Targets"),
        "tolerance": _("Tolerance"),
        "list_day": _("Day of the list"),
        "imported": _("Imported"),
        "rows_refused": _("{n} rows left out"),
        "rows_refused_one": _("one row left out"),
        "no_lists": _(
            "No list yet. Import the table that the satellite centre sent: CSV, XLSX, GeoJSON, "
            "KML, GeoPackage or zipped Shapefile with a place for each target."
        ),
        "import_done": _("{name}: {n} targets taken."),
        "import_again": _("{name} was imported before: {n} targets."),
        "importing": _("Sending {name} …"),
        "target_rate": _("of the targets have a local dossier"),
        "dossier_rate": _("of the local dossiers have a target"),
        "rate_of": _("{matched} of {total}"),
        "match_basis": _(
            "Within {m} m, one to one. Dossiers opened {first} to {last}. {left} cases that were "
            "opened from targets are left out: they would match by themselves."
        ),
        "by_tolerance": _("At other tolerances"),
        "pairs": _("Pairs"),
        "targets_matched": _("Targets matched"),
        "dossiers_matched": _("Dossiers matched"),
        "pairs_found": _("Matched pairs"),
        "distance": _("Distance"),
        "dossier": _("Dossier"),
        "target": _("Satellite target"),
        "place": _("Place"),
        "stated_area": _("Area stated"),
        "target_case": _("Case"),
        "unmatched_targets": _("Targets without a dossier"),
        "unmatched_cases": _("Dossiers without a target"),
        "all_targets_matched": _("Every target has a dossier within the tolerance."),
        "all_cases_matched": _("Every dossier has a target within the tolerance."),
        "no_pairs": _("No pair lies within the tolerance."),
        "choose_all": _("Choose all"),
        "chosen": _("Choose"),
        "open_chosen": _("Open cases for {n} chosen targets"),
        "open_chosen_one": _("Open a case for the chosen target"),
        "opened_targets": _("{n} cases opened, {known} had one."),
        "opened_targets_one": _("One case opened, {known} had one."),
        "case_number": _("Number"),
        "case_title": _("What"),
        "case_state": _("State"),
        "too_near": _("too many"),
        "notes_of_import": _("What was odd about the file"),
        "shown_of": _("The first {n} of {total} are shown."),
    }


def licence_words() -> dict[str, str]:
    """Return key → words of the page about licences."""
    return {
        "licences": _("Licensed parcels"),
        "licence": _("Licence"),
        "licence_no": _("No. {number}"),
        "no_licence_no": _("without a number"),
        "licence_valid": _("Valid"),
        "licence_expired": _("Expired: ordinary ground"),
        "licence_future": _("Not yet valid"),
        "licence_undated": _("Without dates"),
        "days_left": _("{n} days left"),
        "days_left_one": _("last day today"),
        "from_to": _("{first} to {last}"),
        "open_end": _("open"),
        "licensed_area": _("Licensed area"),
        "parcel_area": _("Parcel"),
        "not_stated": _("not stated"),
        "surveys_of": _("What surveys show"),
        "no_survey_here": _("No survey of this parcel."),
        "growth_of": _("{n} patches, {area} on the parcel; {seen} of it seen"),
        "growth_of_one": _("one patch, {area} on the parcel; {seen} of it seen"),
        "nothing_odd": _("nothing odd"),
        "no_licences": _(
            "No licensed parcel. Import them: geoinspect zones add FILE --kind licensed, with the "
            "fields valid_from, valid_to, licence_no and licence_m2."
        ),
        "licences_on": _("{n} parcels, {odd} with something to check; as of {day}"),
    }
