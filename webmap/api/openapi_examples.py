"""A body of each write, as somebody would send it: shown in the description, tried by the tests."""

from __future__ import annotations

from typing import Any

_PLACE: dict[str, Any] = {"lon": 107.91, "lat": 33.962}
_SQUARE: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [
        [
            [107.909, 33.961],
            [107.911, 33.961],
            [107.911, 33.963],
            [107.909, 33.963],
            [107.909, 33.961],
        ]
    ],
}
_CAMPAIGN = {
    "name": "秋季-2026",
    "area": "990100001",
    "start": "2026-09-01",
    "end": "2026-10-31",
    "cell_m": 200,
}
_ONCE = {"client_id": "0f3c6a52-8d1b-4f0e-9c57-2b7d1e64a901"}

EXAMPLES: dict[str, dict[str, Any]] = {
    "POST /api/v1/account/password": {"present": "old pass phrase 1", "new": "new pass phrase 2"},
    "POST /api/v1/account/second-factor": {},
    "POST /api/v1/account/second-factor/on": {"code": "492039"},
    "POST /api/v1/account/second-factor/off": {"password": "old pass phrase 1"},
    "POST /api/v1/areas/{code}/unit": {"unit": "U990100001"},
    "POST /api/v1/audit/verify": {},
    "POST /api/v1/backups": {},
    "POST /api/v1/backups/{name}/check": {},
    "POST /api/v1/campaigns": _CAMPAIGN,
    "POST /api/v1/campaigns/estimate": _CAMPAIGN,
    "POST /api/v1/campaigns/{campaign_id}/close": {},
    "POST /api/v1/campaigns/{campaign_id}/sweep": {},
    "POST /api/v1/cases": {
        "title": "河湾地块",
        "origin": "other",
        **_PLACE,
        "note": "群众反映",
        **_ONCE,
    },
    "POST /api/v1/cases/from-patches": {"patches": [12, 15], "note": "复核后立案", **_ONCE},
    "POST /api/v1/cases/sightings": {
        "title": "北坡菜地",
        **_PLACE,
        "happened": "2026-05-14T08:30:00+08:00",
        "note": "约 2 平方米",
        **_ONCE,
    },
    "POST /api/v1/cases/{case_id}/evidence": {"kind": "note", "note": "已到现场", **_ONCE},
    "POST /api/v1/cases/{case_id}/steps": {"action": "note", "note": "明天再去", **_ONCE},
    "POST /api/v1/checks": {"seed": "2026-06-30", "share": 0.2},
    "POST /api/v1/checks/{check_id}/finds": {
        "cell": "12-40",
        "first_only": 2,
        "second_only": 9,
        "both": 5,
    },
    "POST /api/v1/checks/{check_id}/adopt": {},
    "POST /api/v1/claims": {"target": 0.95},
    "POST /api/v1/coverage/inside": {"polygon": _SQUARE},
    "POST /api/v1/jobs/retry-failed": {},
    "POST /api/v1/jobs/{job_id}/cancel": {},
    "POST /api/v1/jobs/{job_id}/retry": {},
    "POST /api/v1/people": {"name": "李队员", "role": "field", "unit": "U990100001"},
    "POST /api/v1/people/{person_id}": {"role": "analyst"},
    "POST /api/v1/people/{person_id}/password": {},
    "POST /api/v1/plans": {
        "name": "周一",
        "starts": [[107.91, 33.962]],
        "teams": 1,
        "hours": 0.5,
    },
    "POST /api/v1/rates": {
        "method": "foot",
        "width_m": 12,
        "low": 9,
        "high": 15,
        "source": "本县 2026 年试验",
    },
    "POST /api/v1/receipts/{receipt_id}/answers": {"crs": "EPSG:4545"},
    "POST /api/v1/review/{survey_id}/labels": {"patch": 12, "label": "poppy", "seconds": 3.5},
    "POST /api/v1/review/{survey_id}/models": {"name": "五月"},
    "POST /api/v1/review/{survey_id}/models/{model_id}": {},
    "POST /api/v1/review/{survey_id}/undo": {},
    "POST /api/v1/risk-rules/{factor}": {"multiplier": 3, "source": "本县十年记录"},
    "POST /api/v1/sites": {
        "code": "D-017",
        "name": "旧砖厂",
        "kind": "yard",
        **_PLACE,
        "interval_days": 14,
        "checklist": ["门锁是否完好"],
    },
    "POST /api/v1/sites/{site_id}": {"interval_days": 7, "note": "开花期加密"},
    "POST /api/v1/sites/{site_id}/answers": {
        "day": "2026-05-14",
        "answers": {},
        "suspicious": False,
        "note": "未见异常",
        **_ONCE,
    },
    "POST /api/v1/surveys/{survey_id}/day": {"day": "2026-05-11", "note": "按飞行记录"},
    "POST /api/v1/surveys/{survey_id}/detect": {"learn": True},
    "POST /api/v1/target-lists/{list_id}/cases": {"targets": [1, 2], **_ONCE},
    "POST /api/v1/tips/{tip_id}/case": {"title": "村口山坡", **_PLACE, **_ONCE},
    "POST /api/v1/tips/{tip_id}/dismiss": {"reason": "not_poppy", **_ONCE},
    "POST /api/v1/tips/{tip_id}/link": {"case": "2026-0001", **_ONCE},
    "POST /api/v1/tips/{tip_id}/merge": {"into": "T2026-0001", **_ONCE},
    "POST /api/v1/tips/{tip_id}/reward": {"state": "granted", "yuan": 500, **_ONCE},
    "POST /api/v1/tokens": {"label": "数据交换", "days": 90, "scope": "read"},
    "POST /api/v1/track-reviews": {"tracks": [3, 4], "counts": "whole", "note": "已核对"},
    "POST /api/v1/tracks/{track_id}/review": {"counts": "auto", "note": "已与队员核对"},
    "POST /api/v1/trials/{trial_id}/adopt": {},
    "PUT /api/v1/settings/{name}": {"value": 20, "version": "0"},
    "POST /api/v1/units": {"code": "U990100003", "name": "南镇政府", "parent": "U990100"},
}
