"""Write geoinspect/data/mainland.json: where Chinese maps carry the GCJ-02 offset.

    npm pack @rapideditor/country-coder@5.6.1 && tar xzf rapideditor-country-coder-5.6.1.tgz
    python scripts/mainland_outline.py package/src/data/borders.json

The source draws borders finely where people live and coarsely elsewhere, and lays straight lines
through the sea, so that islands come with the land they belong to.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely
from shapely import Geometry, LineString, MultiPolygon, Polygon

HERE, OTHER_MAPS = "Q19188", ("HK", "MO", "TW")
ABROAD = (
    "KP",
    "Q27329",
    "MN",
    "KZ",
    "KG",
    "TJ",
    "AF",
    "PK",
    "Q6736667",
    "NP",
    "BT",
    "MM",
    "LA",
    "VN",
)
# Where the land border with Vietnam meets the sea.
COAST_LON = 108.0

# Shenzhen Bay, points 6 and 7 of the boundary of Hong Kong (State Council decree 221 of 1997);
# the source goes straight from the river's mouth to point 8, its next corner.
BAY_POINTS = ((113.995056, 22.510064), (113.947806, 22.472358))
BAY_ENDS = ((114.0307, 22.5066), (113.8682, 22.4297))

# The ribbon along the Tumen that the source cuts off: Quanhe, Fangchuan and the stone where three
# countries meet, from their published positions.
RIBBON, RIBBON_DEG = ((130.56, 42.53), (130.58, 42.46), (130.64, 42.42)), 0.015

# Towns abroad beside long edges of the source: Blagoveshchensk, Hyesan, Namyang, Zabaikalsk,
# Bakhty, Kodari, from their published positions.
TOWNS = (
    (127.535, 50.265), (128.18, 41.40), (129.86, 42.945), (117.325, 49.65), (82.75, 46.68),
    (85.945, 27.955),
)  # fmt: skip

KM_PER_DEG = 111.2
LONG_KM, BULGE, MAX_BULGE_KM, TOWN_DEG = 2.0, 0.2, 5.0, 0.01


def outlines(path: Path) -> dict[str, Geometry]:
    """Return the polygons of the source by code."""
    features = json.loads(path.read_text("utf-8"))["features"]
    return {
        feature["properties"].get("iso1A2") or feature["properties"]["wikidata"]: (
            shapely.from_geojson(json.dumps(feature["geometry"]))
        )
        for feature in features
        if feature["geometry"]
    }


def with_true_bay(hong_kong: Geometry) -> Geometry:
    """Return Hong Kong with its water border in Shenzhen Bay where the decree has it."""
    corners = shapely.get_coordinates(hong_kong)
    ends = [corners[np.hypot(*(corners - end).T).argmin()] for end in BAY_ENDS]
    return hong_kong.union(Polygon([ends[0], *BAY_POINTS, ends[1]]))


def bulges(mainland: Polygon, abroad: Geometry) -> Geometry:
    """Return strips outside the long edges of the land border.

    A long edge cuts off bends. Patrols stay inside the border, so that a place just outside such
    an edge is a bend of the mainland: a fifth of the edge's length wide, 5 km at most, and nothing
    where that would take in a town abroad.
    """
    near = abroad.buffer(1e-6)
    shapely.prepare(near)
    ring = shapely.get_coordinates(shapely.orient_polygons(mainland).exterior)
    strips = []
    for start, end in pairwise(ring):
        middle = (start + end) / 2
        scale = KM_PER_DEG * np.array([np.cos(np.radians(middle[1])), 1.0])
        east_km, north_km = (end - start) * scale
        length_km = np.hypot(east_km, north_km)
        at_sea = min(start[0], end[0]) > COAST_LON - 0.1 and max(start[1], end[1]) < 21.55
        if length_km < LONG_KM or at_sea or not near.intersects(shapely.Point(middle)):
            continue
        width_km = min(BULGE * length_km, MAX_BULGE_KM)
        out = np.array([north_km, -east_km]) / length_km * width_km / scale
        along = end - start
        strips.append(Polygon([start, start + 0.2 * along + out, start + 0.8 * along + out, end]))
    towns = shapely.buffer(shapely.points(TOWNS), TOWN_DEG)
    return shapely.union_all([strip for strip in strips if not strip.intersects(towns).any()])


def main(path: Path) -> None:
    """Write the outline and print what it holds."""
    found = outlines(path)
    (mainland,) = found[HERE].geoms
    others = [found[code] for code in OTHER_MAPS[1:]] + [with_true_bay(found["HK"])]
    strips = bulges(mainland, shapely.union_all([found[code] for code in ABROAD]))
    whole = shapely.union_all([mainland, strips, LineString(RIBBON).buffer(RIBBON_DEG)])
    # Bulges that meet leave slivers between them.
    filled = Polygon(
        whole.exterior, [ring for ring in whole.interiors if Polygon(ring).area > 1e-3]
    )
    cut = shapely.set_precision(filled.difference(shapely.union_all(others)), 1e-5)
    text = shapely.to_geojson(MultiPolygon([cut])).replace(" ", "")
    target = Path(__file__).parent.parent / "geoinspect/data/mainland.json"
    target.write_text(text + "\n", "utf-8")
    print(len(shapely.get_coordinates(cut)), "vertices,", len(text), "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
