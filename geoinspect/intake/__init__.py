"""Take files in: read, keep the raw bytes, store the record, sweep it onto the campaigns.

The same bytes again give the same record. For what people send through the web a refusal is a
result, not an exception; nothing that was acknowledged is ever lost.
"""

from geoinspect.intake.files import Intake
from geoinspect.intake.opening import open_campaign
from geoinspect.intake.tracks import TrackReview
from geoinspect.intake.uploads import kind_of, process, receive, result_json
from geoinspect.patrols.choices import TrackTags

__all__ = [
    "Intake",
    "TrackReview",
    "TrackTags",
    "kind_of",
    "open_campaign",
    "process",
    "receive",
    "result_json",
]
