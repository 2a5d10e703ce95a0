"""The description of the addresses of jobs."""

from __future__ import annotations

from webmap.api.openapi_parts import Json, get, path, post, query

_JOB = path("job_id", {"type": "integer"})
_SURVEY = path("survey_id", {"type": "integer"})

JOB_PATHS: dict[str, Json] = {
    "/api/v1/jobs": get(
        "Visible jobs, newest first, with how many there are in each state.",
        query("state", "waiting, running, done, failed or cancelled; may be repeated."),
        query("kind", "Only jobs of this kind; may be repeated."),
        query("mine", "1: only one's own."),
        query("before", "Only jobs before this number: `next` of the page before.", "integer"),
        query("limit", "Most rows wanted.", "integer"),
    ),
    "/api/v1/jobs/{job_id}": get("One job and what came of it.", _JOB),
    "/api/v1/jobs/{job_id}/cancel": post("Stop a job.", {}, _JOB),
    "/api/v1/jobs/{job_id}/retry": post("Try a failed or cancelled job again.", {}, _JOB),
    "/api/v1/jobs/retry-failed": post("Try all of one's own failed jobs again.", {}),
    "/api/v1/surveys/{survey_id}/detect": post(
        "Search a survey anew in the background.",
        {
            "learn": {"type": "boolean"},
            "budget_per_km2": {"type": "number"},
            "min_area_m2": {"type": "number"},
        },
        _SURVEY,
    ),
    "/api/v1/surveys/{survey_id}/day": post(
        "Correct the day a survey was flown; its coverage, stage and licences are made anew.",
        {"day": {"type": "string", "format": "date"}, "note": {"type": "string"}},
        _SURVEY,
        needed=("day",),
    ),
}
