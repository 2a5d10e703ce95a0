"""Write docs/guide/settings.md from the one table of settings in the code."""

from __future__ import annotations

from pathlib import Path

from geoinspect.settings import Settings

HEAD = """# Settings 设置

Written by `scripts/settings_table.py`; do not edit by hand. A setting stands in the workspace's `geoinspect.toml` (`name = value`), is set on
the page *Admin → Settings* or by `geoinspect settings set`, which beats the file, or stands in the environment as `GEOINSPECT_NAME`, which wins.

| name | default | meaning |
|---|---|---|
"""


def table() -> str:
    """Return the page."""
    rows = [
        f"| `{name}` | `{field.default!r}` | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    Path(__file__).parent.parent.joinpath("docs/guide/settings.md").write_text(table(), "utf-8")
