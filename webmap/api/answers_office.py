"""What the addresses about accounts, people, the office and its background work answer."""

from __future__ import annotations

from webmap.api.openapi_parts import Json
from webmap.api.openapi_types import (
    BOTH,
    COUNT,
    DAY,
    FLAG,
    ID,
    IDS,
    JOB_ASKED,
    MOMENT,
    NUMBER,
    OBJECT,
    PROBLEMS,
    SHA256,
    TEXT,
    TEXTS,
    by_name,
    or_null,
    record,
    ref,
    rows,
)

_ROLE: Json = {"enum": ["field", "analyst", "commander", "auditor", "admin"]}
_PERSON: dict[str, Json] = {
    "id": ID,
    "name": TEXT,
    "role": _ROLE,
    "unit_code": or_null(TEXT),
    "active": FLAG,
    "must_change": FLAG,
    "second_factor": FLAG,
    "password_set_at": or_null(MOMENT),
    "created_at": or_null(MOMENT),
}
_VALUE: Json = {"type": ["string", "number", "boolean", "array", "null"]}
_CAMPAIGN_STATE: Json = {"enum": ["planned", "running", "over"]}
_JOB: dict[str, Json] = {
    "id": ID,
    "kind": TEXT,
    "kind_name": BOTH,
    "name": or_null(TEXT),
    "person": {**or_null(TEXT), "description": "Who asked for it."},
    "subject": TEXT,
    "state": {"enum": ["waiting", "running", "done", "failed", "cancelled"]},
    "place": or_null({**COUNT, "description": "Place in line."}),
    "share": or_null({"type": "number", "minimum": 0, "maximum": 1}),
    "phase": or_null(BOTH),
    "seconds_left": or_null({**rows(NUMBER), "description": "From, to."}),
    "tries": COUNT,
    "most_tries": COUNT,
    "error": or_null(record(code=TEXT, message=TEXT, message_zh=TEXT)),
    "cancel_asked": FLAG,
    "created_at": MOMENT,
    "started_at": or_null(MOMENT),
    "ended_at": or_null(MOMENT),
    "due_at": or_null(MOMENT),
    "may_change": FLAG,
}
_RECEIPT: dict[str, Json] = {
    "receipt": {**TEXT, "description": "Proof that the file arrived whole."},
    "name": TEXT,
    "file": {**TEXT, "description": "The same as name."},
    "bytes": COUNT,
    "sha256": SHA256,
    "received_at": MOMENT,
    "time": {**MOMENT, "description": "The same as received_at."},
    "status": TEXT,
    "state": {**TEXT, "description": "waiting, reading, failed, or what became of it."},
    "job": or_null(
        record(
            id=ID,
            state=TEXT,
            done=NUMBER,
            total=NUMBER,
            phase=or_null(BOTH),
            error=or_null(record(code=TEXT, message=TEXT, message_zh=TEXT)),
        )
    ),
    "result": or_null(ref("Result")),
}
_IMPORT: dict[str, Json] = {
    **_RECEIPT,
    "sender": TEXT,
    "may_answer": FLAG,
    "set_aside": or_null(record(at=MOMENT, by=TEXT, note=TEXT)),
    "questions": rows(
        record(kind=TEXT, message=TEXT, message_zh=TEXT, tag=or_null(TEXT), records=IDS)
    ),
}

OFFICE_RECORDS: dict[str, Json] = {
    "Person": record({**_PERSON, "last_login": or_null(MOMENT)}),
    "Unit": record(code=TEXT, name=TEXT, parent_code=or_null(TEXT)),
    "Token": record(
        id=ID,
        label=TEXT,
        scope=TEXT,
        state=TEXT,
        user=TEXT,
        expires=MOMENT,
        created_at=or_null(MOMENT),
        used_at=or_null(MOMENT),
        revoked_at=or_null(MOMENT),
    ),
    "Session": record(
        id=TEXT,
        this={**FLAG, "description": "Whether it is the one that asks."},
        address=TEXT,
        agent=TEXT,
        created_at=MOMENT,
        seen_at=MOMENT,
    ),
    "AuditRow": record(
        id=ID,
        at=MOMENT,
        actor=TEXT,
        action=TEXT,
        subject=TEXT,
        details={**TEXT, "description": "A JSON object as text, as it was hashed."},
        hash=SHA256,
    ),
    "Setting": record(
        name=TEXT,
        group=TEXT,
        meaning=BOTH,
        unit=or_null(TEXT),
        kind=TEXT,
        choices=TEXTS,
        bounds=by_name(NUMBER),
        value=_VALUE,
        default=_VALUE,
        source=TEXT,
        effect=BOTH,
        needs_restart=FLAG,
        changeable=FLAG,
        set_by=or_null(TEXT),
        set_at=or_null(MOMENT),
        kept=FLAG,
        version=TEXT,
    ),
    "Campaign": record(
        id=ID,
        name=TEXT,
        area=or_null(TEXT),
        area_name=or_null(TEXT),
        start=DAY,
        end=DAY,
        cell_m=NUMBER,
        bit_m=NUMBER,
        crs=TEXT,
        state=_CAMPAIGN_STATE,
        own=FLAG,
    ),
    "Backup": record(
        name=TEXT, at=MOMENT, actor=TEXT, files=COUNT, bytes=COUNT, missing=COUNT, there=FLAG
    ),
    "Job": record(_JOB, maybe={"result": or_null(OBJECT)}),
    "Run": record(
        {
            **_JOB,
            "survey": or_null(ID),
            "settings": or_null(
                record(
                    learn=or_null(FLAG),
                    budget_per_km2=or_null(NUMBER),
                    min_area_m2=or_null(NUMBER),
                )
            ),
            "patches": or_null(COUNT),
        }
    ),
    "Receipt": record(_RECEIPT, maybe={"sent_before": or_null(MOMENT)}),
    "Import": record(_IMPORT),
    "Upload": record(
        upload=TEXT,
        name=TEXT,
        state=TEXT,
        offset=COUNT,
        length=COUNT,
        receipt=or_null(TEXT),
        error=or_null({"type": ["string", "object"]}),
        expires_at=MOMENT,
    ),
    "Anchor": record(
        day=DAY,
        rows=or_null({**COUNT, "description": "How many rows the chain had; null: spoilt."}),
        last_hash=or_null({**SHA256, "description": "Of the last of them."}),
        code=or_null({**TEXT, "description": "Its first digits, to read aloud."}),
    ),
    # Of a file: by its kind it says more.
    "Result": {
        **record(kind=or_null(TEXT), status=TEXT, message=TEXT, message_zh=TEXT),
        "additionalProperties": True,
    },
}
_TOLD_PERSON = record({**_PERSON, "last_login": or_null(MOMENT)})
_ENDED, _ON = record(ended=COUNT), record(on=FLAG)

# What an operation answers, by method and address.
OFFICE_ANSWERS: dict[str, Json] = {
    "GET account": record(
        must=TEXT,
        person=record(_PERSON),
        rules=TEXT,
        rules_zh=TEXT,
        token_max_days=COUNT,
    ),
    "POST account/password": record(changed=FLAG),
    "DELETE account/sessions": _ENDED,
    "DELETE account/sessions/{session_id}": _ENDED,
    "POST account/second-factor": record(address=TEXT, picture=TEXT, secret=TEXT),
    "POST account/second-factor/on": _ON,
    "POST account/second-factor/off": _ON,
    "POST tokens": record(id=ID, label=TEXT, scope=TEXT, token=TEXT, user=TEXT, expires=MOMENT),
    "DELETE tokens/{token_id}": record(revoked=ID),
    "POST people": record(person=_TOLD_PERSON, password=TEXT),
    "POST people/{person_id}": record(person=_TOLD_PERSON),
    "POST people/{person_id}/password": record(name=TEXT, password=TEXT),
    "DELETE people/{person_id}/sessions": _ENDED,
    "DELETE people/{person_id}/second-factor": _ON,
    "POST units": record(code=TEXT, name=TEXT, parent_code=or_null(TEXT), new=FLAG),
    "POST areas/{code}/unit": record(code=TEXT, unit_code=or_null(TEXT)),
    "POST areas": record(job=ID, sha256=SHA256),
    "GET audit.{form}": record(rows=rows(ref("AuditRow"))),
    "POST audit/verify": JOB_ASKED,
    "GET health": record(
        level=TEXT, checks=rows(record(key=TEXT, name=BOTH, level=TEXT, found=BOTH, todo=BOTH))
    ),
    "GET settings": record(
        settings=rows(ref("Setting")), groups=rows(record(key=TEXT, zh=TEXT, en=TEXT))
    ),
    "GET settings/{name}": ref("Setting"),
    "PUT settings/{name}": ref("Setting"),
    "DELETE settings/{name}": ref("Setting"),
    "POST campaigns": record(cells=COUNT, problems=PROBLEMS, job=ID),
    "POST campaigns/estimate": record(cells=COUNT, problems=PROBLEMS),
    "GET campaigns/{campaign_id}": record(
        campaign=ref("Campaign"), coverage=ref("Coverage"), data_until=or_null(DAY)
    ),
    "POST campaigns/{campaign_id}/sweep": JOB_ASKED,
    "POST campaigns/{campaign_id}/close": record(campaign=ref("Campaign")),
    "POST backups": JOB_ASKED,
    "POST backups/{name}/check": JOB_ASKED,
    "GET uploads/{upload_id}": ref("Upload"),
    "GET jobs/{job_id}": ref("Job"),
    "POST jobs/{job_id}/cancel": ref("Job"),
    "POST jobs/{job_id}/retry": ref("Job"),
    "POST jobs/retry-failed": record(retried=IDS),
    "POST surveys/{survey_id}/detect": ref("Job"),
    "POST surveys/{survey_id}/day": record(
        survey=ID,
        name=TEXT,
        before=or_null(DAY),
        day=DAY,
        changed=FLAG,
        campaigns=IDS,
        stages=rows(or_null(TEXT)),
        problems=PROBLEMS,
        message=TEXT,
        message_zh=TEXT,
    ),
    "POST files": ref("Receipt"),
    "GET receipts/{receipt_id}": ref("Receipt"),
    "GET receipts/{receipt_id}/questions": record(
        {
            **_IMPORT,
            "tags": by_name(_VALUE),
            "rows": rows(rows(TEXT)),
            "zones": rows(
                record(
                    crs=TEXT,
                    message=TEXT,
                    message_zh=TEXT,
                    area=or_null(TEXT),
                    away_m=or_null(NUMBER),
                    preview=ref("Geometry"),
                )
            ),
        }
    ),
    "POST receipts/{receipt_id}/answers": ref("Import"),
}
