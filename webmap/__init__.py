"""The web map: pages, tiles and the API, behind one login.

:func:`create_app` makes the Flask app of one workspace. Folium draws the empty map page
(:mod:`webmap.shell`); everything from people or files reaches the browser as JSON or as tiles.
"""

from webmap.app import create_app

__all__ = ["create_app"]
