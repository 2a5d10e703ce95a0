"""The empty map page that folium makes, with every asset from this server.

No text of a person or a file may enter a folium or branca object: they compile text as a
template a second time, so a track's name could run code on the server. The shell is therefore
rendered once, at start, from constants alone; the browser gets all data from the API.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import folium
from branca.element import CssLink, Figure, JavascriptLink
from markupsafe import Markup

MAP_NAME = "map_main"
# folium's name of a link → the vendored file (see scripts/assets).
_VENDORED = {
    "leaflet": "vendor/leaflet/leaflet.js",
    "leaflet_css": "vendor/leaflet/leaflet.css",
}
_NONCE = "@nonce@"
# folium forbids zooming the page, which people with weak eyes need; the page sets its own.
_VIEWPORT = re.compile(r"<meta[^>]*viewport[^>]*>", re.DOTALL)
_CHINA_LAT_LON, _CHINA_ZOOM = (35.0, 104.0), 4


class OfflineFigure(Figure):
    """A branca figure whose links all lead to this server, or which does not render at all.

    Args:
        static_url: Gives the address of a file below ``static/``.
    """

    def __init__(self, static_url: Callable[[str], str]) -> None:
        super().__init__()
        self._static_url = static_url

    def render_parts(self) -> tuple[str, str, str]:
        """Return head, body and script as text, with a placeholder for the nonce.

        Raises:
            LookupError: A link names an asset that is not vendored.
        """
        for child in self._children.values():
            child.render()
        for name, element in self.header._children.items():
            if isinstance(element, JavascriptLink | CssLink):
                if name not in _VENDORED:
                    raise LookupError(f"the asset {name!r} ({element.url}) is not vendored")
                element.url = self._static_url(_VENDORED[name])
        head = _VIEWPORT.sub("", self.header.render())
        return _with_nonce(head), self.html.render(), self.script.render()


class _PlainMap(folium.Map):
    """A folium map without jQuery, Bootstrap and icon fonts, which nothing here uses."""

    default_js = [link for link in folium.Map.default_js if link[0] == "leaflet"]  # noqa: RUF012 - folium reads it from the class
    default_css = [link for link in folium.Map.default_css if link[0] == "leaflet_css"]  # noqa: RUF012 - folium reads it from the class

    def get_name(self) -> str:
        """Return the fixed name under which our scripts find the Leaflet map."""
        return MAP_NAME


@dataclass(frozen=True, slots=True)
class Shell:
    """The three parts of the page that folium makes, with a placeholder for the nonce."""

    _head: str
    _body: str
    _script: str

    def head(self, nonce: str) -> Markup:
        """Return the links, styles and scripts of the page's head."""
        return Markup(self._head.replace(_NONCE, nonce))  # noqa: S704 - constants only

    def body(self) -> Markup:
        """Return the element that holds the map."""
        return Markup(self._body)  # noqa: S704 - constants only

    def script(self) -> Markup:
        """Return the script that makes the Leaflet map, without its tags."""
        return Markup(self._script)  # noqa: S704 - constants only


def make_shell(static_url: Callable[[str], str]) -> Shell:
    """Return the shell; called once when the app starts."""
    figure = OfflineFigure(static_url)
    figure.add_child(
        _PlainMap(
            location=_CHINA_LAT_LON,
            zoom_start=_CHINA_ZOOM,
            tiles=None,
            zoom_control=False,
            max_zoom=22,
            attributionControl=False,
            zoomAnimation=True,
        )
    )
    return Shell(*figure.render_parts())


def _with_nonce(html: str) -> str:
    return re.sub(r"<(script|style)\b", rf'<\1 nonce="{_NONCE}"', html)
