"""Build hook: compile the translations, so that every installation, editable ones too, has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileTranslations(BuildHookInterface[Any]):
    """Writes a ``.mo`` beside each ``.po`` below ``webmap/translations``."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile every catalogue; refuse a wheel whose pages would lack their map library."""
        if (
            version == "standard"
            and not Path(self.root, "webmap/static/vendor/lock.sha256").exists()
        ):
            raise RuntimeError("the browser assets are missing: run scripts/assets first")
        for source in sorted(Path(self.root, "webmap", "translations").rglob("*.po")):
            with source.open("rb") as stream:
                catalogue = read_po(stream, locale=source.parent.parent.name)
            with source.with_suffix(".mo").open("wb") as out:
                write_mo(out, catalogue)
