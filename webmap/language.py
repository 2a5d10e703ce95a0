"""Which language a page speaks, and the words that scripts need."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from babel.dates import format_date
from babel.support import NullTranslations, Translations
from flask import Flask, Response, g, request
from flask_babel import Babel, Domain

from geoinspect.errors import Text
from geoinspect.store.workspace import Workspace

LANGUAGES = {"zh_CN": "中文", "en": "English"}
_COOKIE = "language"
_COOKIE_S = 365 * 86400
_CATALOGUES = Path(__file__).parent / "translations"


class _Words(Domain):  # type: ignore[misc]
    """Our catalogues by our own names: flask-babel would look for zh_CN under zh_Hans_CN.

    Args:
        folder: Holds one folder a language with its compiled catalogue.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(translation_directories=[str(folder)])
        self._loaded = {code: Translations.load(folder, [code]) for code in LANGUAGES}

    def get_translations(self) -> NullTranslations:
        """Return the catalogue of this response's language."""
        return self._loaded[language()]


class Described:
    """What the description of the API says, in the language of the response.

    The description itself is English; a catalogue of its own has its sentences in Chinese.
    """

    def __init__(self) -> None:
        self._chinese = Translations.load(_CATALOGUES, ["zh_CN"], domain="api")

    def __call__(self, text: str) -> str:
        """Return a text, whole or sentence by sentence; what is not known stays English."""
        if language() != "zh_CN":
            return text
        found = self._chinese.gettext(text)
        head, stop, last = text.rpartition(". ")
        if found != text or not stop:
            return str(found)
        return self(f"{head}.") + self(last)


def use_languages(app: Flask, workspace: Workspace) -> None:
    """Let pages speak the language a person chose, else the workspace's.

    ``?language=en`` on any page changes it and is remembered.
    """

    def default() -> str:
        wanted = workspace.settings.language
        return wanted if wanted in LANGUAGES else "zh_CN"

    def chosen() -> str:
        for wanted in (request.args.get("language"), request.cookies.get(_COOKIE)):
            if wanted in LANGUAGES:
                return str(wanted)
        return default()

    Babel(app, default_locale=default(), default_timezone="Asia/Shanghai", locale_selector=chosen)
    words = _Words(_CATALOGUES)

    @app.before_request
    def _choose() -> None:
        g.language = chosen()
        words.as_default()

    @app.after_request
    def _remember(response: Response) -> Response:
        if request.args.get("language") in LANGUAGES:
            response.set_cookie(
                _COOKIE,
                language(),
                max_age=_COOKIE_S,
                httponly=True,
                samesite="Lax",
                secure=request.is_secure,
            )
        return response

    app.jinja_env.globals.update(
        language=language, languages=LANGUAGES, in_words=in_words, day_in_words=day_in_words
    )


def language() -> str:
    """Return the language of this response, ``zh_CN`` or ``en``."""
    return str(g.get("language", "zh_CN"))


def in_words(text: Text) -> str:
    """Return a bilingual sentence in the page's language."""
    return text.in_language(language())


def day_in_words(day: date) -> str:
    """Return a day as the page's language writes it: 2026年11月21日, 21 Nov 2026."""
    if language() == "zh_CN":
        return f"{day.year}年{day.month}月{day.day}日"
    return format_date(day, format="d MMM yyyy", locale="en_GB")
