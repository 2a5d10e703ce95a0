"""The API of the web map, version 1. JSON in WGS84, metres and square metres, times in UTC."""

from webmap.api.blueprint import api
from webmap.api.changes import survey_changes
from webmap.api.checks import adopt_check, check, check_cells, checks, post_check, post_finds
from webmap.api.chips import chip
from webmap.api.claims import claims, kept_claims, post_claim
from webmap.api.gaps import gaps_file
from webmap.api.ground import areas, cell, overview, zones
from webmap.api.inside import inside
from webmap.api.openapi import openapi
from webmap.api.patrol_records import patrol_months, patrols
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
from webmap.api.shown import layer
from webmap.api.sightings import patch, patches, survey, surveys, tracks
from webmap.api.track_records import review, track, track_list, track_points
from webmap.api.trials import adopt_trial, post_trial, trials

__all__ = ["api"]

api.add_url_rule("/openapi.json", view_func=openapi)
api.add_url_rule("/overview", view_func=overview)
api.add_url_rule("/areas", view_func=areas)
api.add_url_rule("/zones", view_func=zones)
api.add_url_rule("/cells", view_func=cell)
api.add_url_rule("/layers/<name>", view_func=layer)
api.add_url_rule("/coverage/inside", view_func=inside, methods=["POST"])
api.add_url_rule("/gaps.<kind>", view_func=gaps_file)
api.add_url_rule("/tracks", view_func=tracks)
api.add_url_rule("/tracks/<int:track_id>", view_func=track)
api.add_url_rule("/tracks/<int:track_id>/points", view_func=track_points)
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
api.add_url_rule("/receipts", view_func=receipts)
api.add_url_rule("/receipts/<receipt_id>", view_func=receipt)
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
