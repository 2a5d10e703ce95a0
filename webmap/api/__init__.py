"""The API of the web map, version 1. JSON in WGS84, metres and square metres, times in UTC."""

from webmap.api.blueprint import api
from webmap.api.ground import areas, cell, overview, zones
from webmap.api.openapi import openapi
from webmap.api.patrol_records import patrol_months, patrols
from webmap.api.photo_records import photo, photos
from webmap.api.receipts import post_file, receipt, receipts
from webmap.api.sightings import chip, patch, patches, surveys, tracks
from webmap.api.track_records import review, track, track_list, track_points

__all__ = ["api"]

api.add_url_rule("/openapi.json", view_func=openapi)
api.add_url_rule("/overview", view_func=overview)
api.add_url_rule("/areas", view_func=areas)
api.add_url_rule("/zones", view_func=zones)
api.add_url_rule("/cells", view_func=cell)
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
api.add_url_rule("/patches", view_func=patches)
api.add_url_rule("/patches/<int:patch_id>", view_func=patch)
api.add_url_rule("/patches/<int:patch_id>/chip.png", view_func=chip)
api.add_url_rule("/files", view_func=post_file, methods=["POST"])
api.add_url_rule("/receipts", view_func=receipts)
api.add_url_rule("/receipts/<receipt_id>", view_func=receipt)
