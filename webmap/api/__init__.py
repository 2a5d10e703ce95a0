"""The API of the web map, version 1. JSON in WGS84, metres and square metres, times in UTC."""

from webmap.api.accounts import (
    account,
    delete_other_sessions,
    delete_session,
    delete_token,
    own_tokens,
    post_own_password,
    post_own_token,
    post_second_factor,
    post_second_factor_off,
    post_second_factor_on,
    sessions,
)
from webmap.api.admin import add_admin_addresses
from webmap.api.area_files import add_area_addresses
from webmap.api.blueprint import api
from webmap.api.campaigns import add_campaign_addresses
from webmap.api.case_sources import (
    case_proposal,
    case_survey,
    licences,
    post_from_patches,
    post_sighting,
)
from webmap.api.cases import case_moves, case_shown, cases_list, post_case, post_step
from webmap.api.changes import survey_changes
from webmap.api.checks import adopt_check, check, check_cells, checks, post_check, post_finds
from webmap.api.chips import chip
from webmap.api.claims import claims, kept_claims, post_claim
from webmap.api.dossiers import case_dossier
from webmap.api.evidence import evidence_original, evidence_thumb, post_evidence
from webmap.api.field import field_pass, field_week
from webmap.api.gaps import gap, gaps, gaps_file
from webmap.api.ground import areas, cell, overview, zones
from webmap.api.imports import imports_list, post_answers, receipt_questions
from webmap.api.inside import inside
from webmap.api.jobs import (
    job,
    jobs_list,
    post_detect,
    post_job_cancel,
    post_job_retry,
    post_jobs_retry,
)
from webmap.api.openapi import openapi
from webmap.api.patrol_records import patrol_months, patrols
from webmap.api.people import (
    delete_person_second_factor,
    delete_person_sessions,
    people_list,
    post_area_unit,
    post_person,
    post_person_change,
    post_person_password,
    post_unit,
    units_list,
)
from webmap.api.photo_records import photo, photos
from webmap.api.plans import delete_plan, plan, plan_routes, plans, post_plan, walked
from webmap.api.rates import delete_rate, growth, post_rate, rates
from webmap.api.receipts import post_file, receipt, receipts
from webmap.api.review_queue import (
    delete_model_use,
    post_label,
    post_model,
    post_model_use,
    post_undo,
    review_file,
    review_labels,
    review_models,
    review_queue,
    review_surveys,
)
from webmap.api.risks import delete_risk_rule, post_risk_rule, risk_rules
from webmap.api.runs import post_survey_day, runs_list, survey_list
from webmap.api.search import search_all
from webmap.api.settings import add_setting_addresses
from webmap.api.shape_rows import shape_rows
from webmap.api.shapes import shapes
from webmap.api.shown import layer
from webmap.api.sightings import patch, patches, survey, surveys, tracks
from webmap.api.sites import (
    post_answer,
    post_site,
    post_site_change,
    post_site_photo,
    site_photo,
    site_shown,
    sites_drawn,
    sites_list,
)
from webmap.api.situation import situation, situation_clean, situation_days
from webmap.api.target_lists import (
    post_target_cases,
    post_target_list,
    target_lists,
    target_match,
)
from webmap.api.tips import (
    post_tip_case,
    post_tip_dismiss,
    post_tip_link,
    post_tip_merge,
    post_tip_reward,
    tip_photo,
    tip_shown,
    tips_list,
)
from webmap.api.track_choosing import reviews_at_once, track_reading
from webmap.api.track_records import review, track, track_list, track_points
from webmap.api.trials import adopt_trial, post_trial, trials
from webmap.api.uploads import (
    delete_upload,
    patch_upload,
    post_upload,
    upload,
    uploads,
    uploads_offered,
)
from webmap.api.work import (
    case_signs,
    standing,
    today_file,
    today_list,
    work_file,
    work_lists,
)

__all__ = ["api"]

api.add_url_rule("/openapi.json", view_func=openapi)
api.add_url_rule("/overview", view_func=overview)
api.add_url_rule("/search", view_func=search_all)
api.add_url_rule("/areas", view_func=areas)
api.add_url_rule("/zones", view_func=zones)
api.add_url_rule("/cells", view_func=cell)
api.add_url_rule("/layers/<name>", view_func=layer)
api.add_url_rule("/coverage/inside", view_func=inside, methods=["POST"])
api.add_url_rule("/gaps", view_func=gaps)
api.add_url_rule("/gaps/<gap_id>", view_func=gap)
api.add_url_rule("/gaps.<kind>", view_func=gaps_file)
api.add_url_rule("/tracks", view_func=tracks)
api.add_url_rule("/tracks/<int:track_id>", view_func=track)
api.add_url_rule("/tracks/<int:track_id>/points", view_func=track_points)
api.add_url_rule("/tracks/<int:track_id>/reading", view_func=track_reading)
api.add_url_rule("/track-reviews", view_func=reviews_at_once, methods=["POST"])
api.add_url_rule("/tracks/<int:track_id>/review", view_func=review, methods=["POST"])
api.add_url_rule("/track-list", view_func=track_list)
api.add_url_rule("/patrols", view_func=patrols)
api.add_url_rule("/patrol-months", view_func=patrol_months)
api.add_url_rule("/photos", view_func=photos)
api.add_url_rule("/photos/<int:photo_id>", view_func=photo)
api.add_url_rule("/surveys", view_func=surveys)
api.add_url_rule("/surveys/<int:survey_id>", view_func=survey)
api.add_url_rule("/surveys/<int:survey_id>/changes", view_func=survey_changes)
api.add_url_rule("/patches", view_func=patches)
api.add_url_rule("/patches/<int:patch_id>", view_func=patch)
api.add_url_rule("/patches/<int:patch_id>/chip.png", view_func=chip)
api.add_url_rule("/files", view_func=post_file, methods=["POST"])
_UPLOADS, _UPLOAD = "/uploads", "/uploads/<upload_id>"
for _address, _view, _methods in (
    (_UPLOADS, uploads_offered, ["OPTIONS"]),
    (_UPLOADS, uploads, ["GET"]),
    (_UPLOADS, post_upload, ["POST"]),
    (_UPLOAD, uploads_offered, ["OPTIONS"]),
    (_UPLOAD, upload, ["GET"]),
    # Some proxies let neither PATCH nor DELETE through.
    (_UPLOAD, patch_upload, ["PATCH", "POST"]),
    (_UPLOAD, delete_upload, ["DELETE"]),
):
    # What the protocol says of OPTIONS is answered by a view of its own.
    api.add_url_rule(_address, view_func=_view, methods=_methods, provide_automatic_options=False)
api.add_url_rule("/receipts", view_func=receipts)
api.add_url_rule("/receipts/<receipt_id>", view_func=receipt)
api.add_url_rule("/receipts/<receipt_id>/questions", view_func=receipt_questions)
api.add_url_rule("/receipts/<receipt_id>/answers", view_func=post_answers, methods=["POST"])
api.add_url_rule("/imports", view_func=imports_list)
api.add_url_rule("/survey-list", view_func=survey_list)
api.add_url_rule("/runs", view_func=runs_list)
api.add_url_rule("/claims", view_func=claims)
api.add_url_rule("/claims", view_func=post_claim, methods=["POST"])
api.add_url_rule("/claims/kept", view_func=kept_claims)
api.add_url_rule("/plans", view_func=plans)
api.add_url_rule("/plans", view_func=post_plan, methods=["POST"])
api.add_url_rule("/plans/<int:plan_id>", view_func=plan)
api.add_url_rule("/plans/<int:plan_id>", view_func=delete_plan, methods=["DELETE"])
api.add_url_rule("/plans/<int:plan_id>/routes.<kind>", view_func=plan_routes)
api.add_url_rule("/plans/<int:plan_id>/walked", view_func=walked)
api.add_url_rule("/checks", view_func=checks)
api.add_url_rule("/checks", view_func=post_check, methods=["POST"])
api.add_url_rule("/checks/<int:check_id>", view_func=check)
api.add_url_rule("/checks/<int:check_id>/finds", view_func=post_finds, methods=["POST"])
api.add_url_rule("/checks/<int:check_id>/adopt", view_func=adopt_check, methods=["POST"])
api.add_url_rule("/checks/<int:check_id>/cells.<kind>", view_func=check_cells)
api.add_url_rule("/trials", view_func=trials)
api.add_url_rule("/trials", view_func=post_trial, methods=["POST"])
api.add_url_rule("/trials/<int:trial_id>/adopt", view_func=adopt_trial, methods=["POST"])
api.add_url_rule("/rates", view_func=rates)
api.add_url_rule("/rates", view_func=post_rate, methods=["POST"])
api.add_url_rule("/rates/<int:rate_id>", view_func=delete_rate, methods=["DELETE"])
api.add_url_rule("/growth", view_func=growth)
api.add_url_rule("/risk-rules", view_func=risk_rules)
api.add_url_rule("/risk-rules/<factor>", view_func=post_risk_rule, methods=["POST"])
api.add_url_rule("/risk-rules/<factor>", view_func=delete_risk_rule, methods=["DELETE"])
_REVIEW = "/review/<int:survey_id>"
api.add_url_rule("/review", view_func=review_surveys)
api.add_url_rule(_REVIEW, view_func=review_queue)
api.add_url_rule(f"{_REVIEW}/labels", view_func=review_labels)
api.add_url_rule(f"{_REVIEW}/labels", view_func=post_label, methods=["POST"])
api.add_url_rule(f"{_REVIEW}/labels.<kind>", view_func=review_file)
api.add_url_rule(f"{_REVIEW}/undo", view_func=post_undo, methods=["POST"])
api.add_url_rule(f"{_REVIEW}/models", view_func=review_models)
api.add_url_rule(f"{_REVIEW}/models", view_func=post_model, methods=["POST"])
api.add_url_rule(f"{_REVIEW}/models/<int:model_id>", view_func=post_model_use, methods=["POST"])
api.add_url_rule(f"{_REVIEW}/models/<int:model_id>", view_func=delete_model_use, methods=["DELETE"])
api.add_url_rule("/cases", view_func=cases_list)
api.add_url_rule("/cases", view_func=post_case, methods=["POST"])
api.add_url_rule("/cases/moves", view_func=case_moves)
api.add_url_rule("/cases/<int:case_id>", view_func=case_shown)
api.add_url_rule("/cases/<int:case_id>/steps", view_func=post_step, methods=["POST"])
api.add_url_rule("/cases/<int:case_id>/evidence", view_func=post_evidence, methods=["POST"])
api.add_url_rule("/evidence/<int:evidence_id>/file", view_func=evidence_original)
api.add_url_rule("/evidence/<int:evidence_id>/thumb.jpg", view_func=evidence_thumb)
api.add_url_rule("/cases/<int:case_id>/dossier.<form>", view_func=case_dossier)
_TIP = "/tips/<int:tip_id>"
api.add_url_rule("/tips", view_func=tips_list)
api.add_url_rule(_TIP, view_func=tip_shown)
api.add_url_rule(f"{_TIP}/photos/<int:number>.jpg", view_func=tip_photo)
api.add_url_rule(f"{_TIP}/link", view_func=post_tip_link, methods=["POST"])
api.add_url_rule(f"{_TIP}/case", view_func=post_tip_case, methods=["POST"])
api.add_url_rule(f"{_TIP}/dismiss", view_func=post_tip_dismiss, methods=["POST"])
api.add_url_rule(f"{_TIP}/merge", view_func=post_tip_merge, methods=["POST"])
api.add_url_rule(f"{_TIP}/reward", view_func=post_tip_reward, methods=["POST"])
api.add_url_rule("/sites", view_func=sites_list)
api.add_url_rule("/sites", view_func=post_site, methods=["POST"])
api.add_url_rule("/sites.geojson", view_func=sites_drawn)
api.add_url_rule("/sites/<int:site_id>", view_func=site_shown)
api.add_url_rule("/sites/<int:site_id>", view_func=post_site_change, methods=["POST"])
api.add_url_rule("/sites/<int:site_id>/answers", view_func=post_answer, methods=["POST"])
api.add_url_rule("/sites/<int:site_id>/photos", view_func=post_site_photo, methods=["POST"])
api.add_url_rule("/sites/<int:site_id>/photos/<sha256>", view_func=site_photo)
api.add_url_rule("/cases/proposal", view_func=case_proposal)
api.add_url_rule("/cases/from-patches", view_func=post_from_patches, methods=["POST"])
api.add_url_rule("/cases/sightings", view_func=post_sighting, methods=["POST"])
api.add_url_rule("/cases/<int:case_id>/surveys/<int:survey_id>", view_func=case_survey)
api.add_url_rule("/licences", view_func=licences)
api.add_url_rule("/target-lists", view_func=target_lists)
api.add_url_rule("/target-lists", view_func=post_target_list, methods=["POST"])
api.add_url_rule("/target-lists/<int:list_id>/match", view_func=target_match)
api.add_url_rule("/target-lists/<int:list_id>/cases", view_func=post_target_cases, methods=["POST"])
api.add_url_rule("/cases/points", view_func=case_signs)
api.add_url_rule("/work", view_func=work_lists)
api.add_url_rule("/work.xlsx", view_func=work_file)
api.add_url_rule("/today", view_func=today_list)
api.add_url_rule("/today.gpx", view_func=today_file)
api.add_url_rule("/field/week", view_func=field_week)
api.add_url_rule("/field/pass", view_func=field_pass)
api.add_url_rule("/standing", view_func=standing)
api.add_url_rule("/shapes", view_func=shapes)
api.add_url_rule("/shapes/<kind>", view_func=shape_rows)
api.add_url_rule("/situation", view_func=situation)
api.add_url_rule("/situation/clean", view_func=situation_clean)
api.add_url_rule("/situation/days", view_func=situation_days)
api.add_url_rule("/account", view_func=account)
api.add_url_rule("/account/password", view_func=post_own_password, methods=["POST"])
api.add_url_rule("/account/sessions", view_func=sessions)
api.add_url_rule("/account/sessions", view_func=delete_other_sessions, methods=["DELETE"])
api.add_url_rule("/account/sessions/<session_id>", view_func=delete_session, methods=["DELETE"])
_FACTOR = "/account/second-factor"
api.add_url_rule(_FACTOR, view_func=post_second_factor, methods=["POST"])
api.add_url_rule(f"{_FACTOR}/on", view_func=post_second_factor_on, methods=["POST"])
api.add_url_rule(f"{_FACTOR}/off", view_func=post_second_factor_off, methods=["POST"])
api.add_url_rule("/tokens", view_func=own_tokens)
api.add_url_rule("/tokens", view_func=post_own_token, methods=["POST"])
api.add_url_rule("/tokens/<int:token_id>", view_func=delete_token, methods=["DELETE"])
_SOMEONE = "/people/<int:person_id>"
api.add_url_rule("/people", view_func=people_list)
api.add_url_rule("/people", view_func=post_person, methods=["POST"])
api.add_url_rule(_SOMEONE, view_func=post_person_change, methods=["POST"])
api.add_url_rule(f"{_SOMEONE}/password", view_func=post_person_password, methods=["POST"])
api.add_url_rule(f"{_SOMEONE}/sessions", view_func=delete_person_sessions, methods=["DELETE"])
api.add_url_rule(
    f"{_SOMEONE}/second-factor", view_func=delete_person_second_factor, methods=["DELETE"]
)
api.add_url_rule("/units", view_func=units_list)
api.add_url_rule("/units", view_func=post_unit, methods=["POST"])
api.add_url_rule("/areas/<code>/unit", view_func=post_area_unit, methods=["POST"])
_ONE_JOB = "/jobs/<int:job_id>"
api.add_url_rule("/jobs", view_func=jobs_list)
api.add_url_rule(_ONE_JOB, view_func=job)
api.add_url_rule(f"{_ONE_JOB}/cancel", view_func=post_job_cancel, methods=["POST"])
api.add_url_rule(f"{_ONE_JOB}/retry", view_func=post_job_retry, methods=["POST"])
api.add_url_rule("/jobs/retry-failed", view_func=post_jobs_retry, methods=["POST"])
api.add_url_rule("/surveys/<int:survey_id>/detect", view_func=post_detect, methods=["POST"])
api.add_url_rule("/surveys/<int:survey_id>/day", view_func=post_survey_day, methods=["POST"])
add_admin_addresses(api)
add_setting_addresses(api)
add_area_addresses(api)
add_campaign_addresses(api)
