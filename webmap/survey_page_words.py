"""The words of the pages of surveys."""

from __future__ import annotations

from flask_babel import gettext as _


def survey_page_words() -> dict[str, str]:
    """Return key → words; ``{name}`` in them is filled in by the script."""
    return {
        "sv_name": _("Picture"),
        "sv_taken": _("Taken"),
        "sv_gsd": _("Ground resolution"),
        "sv_area": _("Valid ground"),
        "sv_fit": _("Fit to be searched"),
        "sv_searched": _("Searched"),
        "sv_open": _("Patches to review"),
        "sv_share": _("Share found (simulated)"),
        "sv_yes": _("Yes"),
        "sv_no": _("No"),
        "sv_unchecked": _("not checked"),
        "sv_not_searched": _("not yet"),
        "sv_no_day": _("no date: it does not count"),
        "sv_share_none": _("not measured"),
        "sv_share_old": _("{share}, of an earlier search"),
        "sv_cm": _("{n} cm"),
        "sv_count": _("{shown} of {n} pictures"),
        "sv_none": _(
            "No drone picture yet. Upload a GeoTIFF: it is kept, checked and searched by itself."
        ),
        "sv_none_such": _("No picture fits. Show all or change the filter."),
        "sv_runs_none": _("No search runs or waits."),
        "sv_runs_never": _("No search of this picture is on record as a job."),
        "sv_detector": _("Searched by {detector}, {when}"),
        "sv_detector_none": _("Not searched yet: it does not count as coverage."),
        "sv_again_sent": _("The search waits in line. You can leave the page."),
        "sv_patches": _("{n} suspected patches"),
        "sv_patches_one": _("One suspected patch"),
        "sv_patch": _("Patch {rank}: {area}"),
        "sv_patch_unranked": _("Patch without a rank: {area}"),
        "sv_patch_licensed": _("On licensed ground: {area}"),
        "sv_patches_licensed": _("{n} more on licensed ground."),
        "sv_patches_licensed_one": _("One more on licensed ground."),
        "sv_patches_none": _("No suspected patch in this picture."),
        "sv_patches_more": _("The first {n} are listed; the review queue has all."),
        "sv_run_patches": _("{n} patches found"),
        "sv_run_patches_one": _("One patch found"),
        "sv_run_budget": _("{n} for each km²"),
        "sv_run_least": _("from {area} on"),
        "sv_run_unlearnt": _("without the review"),
        "sv_list": _("The list keeps {n} patches for each km², from {area} on."),
        "sv_day_stage": _("{day} · poppy there then: {stage}"),
        "sv_day_none": _("no date"),
        "sv_day_was": _("{before} → {day}, corrected by {person}, {when}."),
        "sv_day_why": _("Why: {note}"),
        "sv_day_correct": _("Correct the day"),
        "sv_day_give": _("Give the day"),
        "sv_day_field": _("Flown on"),
        "sv_day_note": _("Why (optional)"),
        "sv_day_send": _("Save the day"),
        "sv_day_hint": _(
            "Coverage, growth stage and licences are worked out anew for this day. The old day is kept."
        ),
        "sv_map": _("See it on the map"),
    }
