"""The words of the page about claims."""

from __future__ import annotations

from flask_babel import gettext as _

from geoinspect.search_records import DetectionLaw


def claim_words() -> dict[str, str]:
    """Return key → words of the page about claims."""
    laws = {f"law_{law}": words for law, words in _law_names().items()}
    return {**_figure_words(), **_assumed_words(), **_kept_words(), **laws}


def _law_names() -> dict[str, str]:
    """Return law of detection → words."""
    return {
        DetectionLaw.RANDOM_SEARCH: _("Random search: 1 − e^(−C), the most cautious of the three"),
        DetectionLaw.DEFINITE_RANGE: _("Definite range: min(1, C)"),
        DetectionLaw.INVERSE_CUBE: _("Inverse cube: erf(√π/2 · C)"),
    }


def _figure_words() -> dict[str, str]:
    return {
        "p_clean": _("P(clean)"),
        "p_clean_whole": _("P(clean): the chance that no patch of {patch} m² or more stands there"),
        "chance_of_finding": _("Chance that a patch would have been found"),
        "needed": _("Walking needed"),
        "needed_for": _("Walking needed for {share}"),
        "one_day_more": _("What one more team-day buys"),
        "percentage_points": _("percentage points of P(clean)"),
        "go_on": _("Go on"),
        "on_the_map": _("On the map"),
        "plan_here": _("Plan a patrol here"),
        "reached": _("Target reached"),
        "middle_reached": _("the middle reaches it, the interval does not"),
        "by_prior": _("mostly by its prior"),
        "parts_note": _(
            "A township's prior is its share of the campaign's by risk (prior ^ share), so a small "
            "township or one of low risk starts high. The walking of the townships does not add up "
            "to that of the whole: the whole is clean only when all of them are."
        ),
        "prior_is_set": _("the office's own setting (prior_clean); no claim of a season before"),
        "out_of_reach": _("walking alone reaches {best} at most"),
        "out_of_reach_short": _("Out of reach"),
        "team_days": _("{n} team-days"),
        "no_risk_here": _("no prior risk here"),
        "interval": _("90 % interval {low} – {high}"),
        "prior_of": _("before the search {share}"),
        "bar_told": _("{share}, 90 % interval {low} to {high}, target {target}"),
        "claim_of": _("{campaign} · {area} · as of {day} ·"),
        "target_at": _("dashed line: target {share}"),
        "prior_fact": _("Before the search (prior)"),
        "expected_standing": _("Patches that nobody found, expected"),
        "smallest_patch": _("Smallest patch covered"),
    }


def _assumed_words() -> dict[str, str]:
    return {
        "what_is_assumed": _("What this rests on"),
        "see_rates": _("Sweep widths, detection rates, risk and growth stages"),
        "introduction": _("New sowing"),
        "design_prevalence": _("Design prevalence"),
        "detection_law": _("Law of detection"),
        "looks_used": _("Looks counted"),
        "spread_of_rates": _("How unsure the rates are (95 %)"),
        "prior_by_ground": _("Prior risk"),
        "random_draws": _("Interval"),
        "walking_pace": _("Walking"),
        "assumed_prior": _("{share}, as sure as {n} seasons would make it; from: {from}"),
        "assumed_prior_one": _("{share}, as sure as one season would make it; from: {from}"),
        "assumed_introduction": _(
            "{share} a year on clean ground; next season would begin at {next}"
        ),
        "assumed_prevalence": _("{n} patches in ground that is not clean"),
        "assumed_prevalence_one": _("one patch in ground that is not clean"),
        "assumed_looks": _(
            "{looks}; {n} of {total} rest on assumed rates, the others on measured or stated ones"
        ),
        "no_looks": _("No look counts: the claim is the prior alone"),
        "assumed_risk": _("{factors}; the exponent of all is unsure (sd {sd} on a log scale)"),
        "even_risk": _("the same everywhere"),
        "assumed_draws": _("{n} Monte Carlo draws, seed {seed}"),
        "assumed_pace": _("sweep width {width}, {speed}, {hours} hours a day"),
    }


def _kept_words() -> dict[str, str]:
    return {
        "recorded_claims": _("Recorded claims"),
        "as_of_day": _("As of day"),
        "interval_90": _("90 % interval"),
        "recorded_by": _("Recorded by"),
        "no_recorded_claims": _("No claim of this campaign has been recorded yet."),
        "record_claim": _("Record the claim of {day}"),
        "record_note": _(
            "It is kept for good under your name and can't be taken back. The next season's prior "
            "starts from it."
        ),
        "record_sure": _("Yes, record it"),
    }
