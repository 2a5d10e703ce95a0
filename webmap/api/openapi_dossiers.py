"""The description of what the API gives of dossiers."""

from __future__ import annotations

from webmap.api.openapi_parts import ERROR, Json, path

_KINDS = (
    "text/html",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/zip",
)

DOSSIER_PATHS: dict[str, Json] = {
    "/api/v1/cases/{case_id}/dossier.{form}": {
        "get": {
            "summary": (
                "The dossier of a case: html, pdf, docx, or as zip with the originals and the rows "
                "of the audit chain. Each time is noted in the audit chain (case.export)."
            ),
            "parameters": [
                path("case_id", {"type": "integer"}),
                path("form", {"type": "string"}),
            ],
            "responses": {
                "200": {
                    "description": "The file; never kept by caches.",
                    "content": {kind: {} for kind in _KINDS},
                },
                "503": {"description": "Another dossier is being made: wait as Retry-After says."},
                "default": ERROR,
            },
        }
    },
}
