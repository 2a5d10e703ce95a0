"""The description of uploads that can be taken up again (tus 1.0.0)."""

from __future__ import annotations

from webmap.api.openapi_parts import ERROR, Json, get, path

_TEXT = {"type": "string"}
_UPLOAD = path("upload_id", {**_TEXT})
_PIECE: Json = {
    "content": {
        "application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}
    }
}


def _header(name: str, meaning: str, *, needed: bool = True) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": needed,
        "description": meaning,
        "schema": {"type": "string"},
    }


_VERSION = _header("Tus-Resumable", "1.0.0")
_CHECKSUM = _header(
    "Upload-Checksum",
    "sha1 or sha256, a blank, and the hash of this piece in Base64; what does not fit is "
    "answered 460 and changes nothing.",
    needed=False,
)


def _does(summary: str, answers: dict[str, str], *parameters: Json) -> Json:
    told: dict[str, object] = {status: {"description": said} for status, said in answers.items()}
    return {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {**told, "default": ERROR},
    }


_OPTIONS = _does("What this server can do of tus.", {"204": "See the headers Tus-…."})
_PATCH: Json = {
    **_does(
        "The next piece, at most 8 MiB; synced when it is answered.",
        {
            "204": "Upload-Offset says where the next one begins; after the last one "
            "Upload-Receipt names the receipt.",
            "409": "It begins elsewhere: ask HEAD.",
            "413": "More than 8 MiB, or beyond the announced length.",
            "423": "Another connection writes: wait as Retry-After says.",
            "460": "The checksum does not fit.",
        },
        _UPLOAD,
        _VERSION,
        _header("Upload-Offset", "Where it begins, in bytes."),
        _CHECKSUM,
    ),
    "requestBody": {"required": True, **_PIECE},
}
_ONE = "One upload of the caller's own: state, offset, length, receipt. HEAD says it in headers."

UPLOAD_PATHS: dict[str, Json] = {
    "/api/v1/uploads": {
        "options": _OPTIONS,
        **get("The caller's uploads that did not arrive whole."),
        "post": {
            **_does(
                "Begin an upload by tus 1.0.0; its first piece may come along.",
                {
                    "201": "Location is its address.",
                    "413": "Larger than any file may be, or too much under way.",
                    "429": "Too many uploads under way.",
                    "507": "The disk has no room for it.",
                },
                _VERSION,
                _header("Upload-Length", "Bytes of the whole file."),
                _header(
                    "Upload-Metadata",
                    "filename, sha256 of the whole file, and what POST /files takes in its query "
                    "(unit, team, mode, …), each as 'name base64'.",
                ),
                _CHECKSUM,
            ),
            "requestBody": {"required": False, **_PIECE},
        },
    },
    "/api/v1/uploads/{upload_id}": {
        "options": {**_OPTIONS, "parameters": [_UPLOAD]},
        **get(_ONE, _UPLOAD),
        "head": _does(
            _ONE,
            {"200": "Upload-Offset, Upload-Length.", "410": "Its time is over."},
            _UPLOAD,
            _VERSION,
        ),
        "patch": _PATCH,
        "post": {
            **_PATCH,
            "summary": "PATCH or DELETE, as X-HTTP-Method-Override says, for proxies that let "
            "neither through.",
        },
        "delete": _does(
            "Give it up.",
            {"204": "It is gone.", "409": "It arrived whole and has a receipt."},
            _UPLOAD,
            _VERSION,
        ),
    },
}
