"""Which modules a page's scripts import, so that a browser asks for all at once.

A browser finds out what a module imports only when it has it: four imports after each other are four
journeys to the server. The page therefore names every module that its scripts will import.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from flask import Flask, g, url_for
from markupsafe import Markup

from webmap.security import nonce

_STATIC = Path(__file__).parent / "static"
# A static import or re-export, over several lines too; import() is asked for when it is needed.
_IMPORT = re.compile(
    r"""^(?:import\s*|(?:import|export)\b[^;"'()=]*?\bfrom\s*)["'](\.[^"']+)["']""", re.MULTILINE
)


def use_modules(app: Flask) -> None:
    """Give the pages ``module_tags``."""
    app.jinja_env.globals["module_tags"] = module_tags


def modules_of(scripts: Iterable[str]) -> tuple[str, ...]:
    """Return some scripts and all that they import, each once, the nearest first.

    Args:
        scripts: Paths below ``static``, such as ``js/map.js``.
    """
    found: dict[str, None] = {}
    waiting = list(scripts)
    while waiting:
        found |= dict.fromkeys(waiting)
        waiting = [near for name in waiting for near in _imports(name) if near not in found]
    return tuple(found)


@lru_cache(maxsize=512)
def _imports(name: str) -> tuple[str, ...]:
    """Return what a script imports itself; the files of a running build do not change."""
    path = _STATIC / name
    # One that is missing is the browser's to complain of, as it is without this list.
    text = path.read_text("utf-8") if path.is_file() else ""
    folder = posixpath.dirname(name)
    return tuple(posixpath.normpath(posixpath.join(folder, near)) for near in _IMPORT.findall(text))


def module_tags(name: str, *, early: bool = False) -> Markup:
    """Return the tag of a module script, after links to all that it imports and the page has not
    named before.

    Args:
        name: Its file below ``static/js``, without ``.js``.
        early: Run it as soon as it has come, while the rest of the page is read.
    """
    script = f"js/{name}.js"
    if "named_modules" not in g:
        g.named_modules = set()
    fresh = [one for one in modules_of([script]) if one not in g.named_modules]
    g.named_modules.update(fresh)
    links = Markup("").join(
        Markup('<link rel="modulepreload" href="{}">\n').format(url_for("static", filename=one))
        for one in fresh
        if one != script
    )
    return links + Markup('<script type="module"{} nonce="{}" src="{}"></script>').format(
        Markup(" async") if early else "", nonce(), url_for("static", filename=script)
    )
