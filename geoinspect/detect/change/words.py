"""What people are told of the states of patches and former patches."""

from __future__ import annotations

from collections.abc import Mapping

from geoinspect.detect.change.compare import ChangeState
from geoinspect.detect.change.verify import PlaceState
from geoinspect.errors import Text

STATE_WORDS: Mapping[ChangeState, Text] = {
    ChangeState.NEW: Text("新增", "new"),
    ChangeState.GROWN: Text("扩大", "grown"),
    ChangeState.UNCHANGED: Text("未变", "unchanged"),
    ChangeState.SHRUNK: Text("缩小", "shrunk"),
    ChangeState.CLEARED: Text("已清除", "cleared"),
    ChangeState.NOT_SEEN: Text("未拍到", "not seen"),
}
PLACE_WORDS: Mapping[PlaceState, Text] = {
    PlaceState.CLEARED: Text("已清除", "cleared"),
    PlaceState.STILL_STANDING: Text("仍有异常植株", "still standing"),
    PlaceState.REGROWN: Text("有植被但无异常", "regrown?"),
    PlaceState.NOT_SEEN: Text("未拍到", "not seen"),
}
