"""What every boundary reader returns, and how rings of numbers become polygons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geoinspect.errors import AreaError
from geoinspect.records import Problem

F8 = NDArray[np.float64]

MAX_FEATURES = 1_000_000


@dataclass(slots=True)
class Layer:
    """The features of one layer as they stand in the file.

    Attributes:
        name: Of the layer in the file, empty where a format has none.
        crs: ``EPSG:n`` or WKT, None where the file does not say.
        geometries: One a feature, None where it has none.
        attributes: One a feature, as text, absent ones left out.
        broken: Features whose coordinates are no numbers; they are not among the others.
        crs_stated: Whether the file itself named the CRS.
    """

    name: str = ""
    crs: str | None = None
    geometries: list[shapely.Geometry | None] = field(default_factory=list)
    attributes: list[dict[str, str]] = field(default_factory=list)
    broken: int = 0
    crs_stated: bool = True

    def add(self, geometry: shapely.Geometry | None, attributes: dict[str, str]) -> None:
        """Add a feature."""
        self.geometries.append(geometry)
        self.attributes.append(attributes)


@dataclass(slots=True)
class Boundaries:
    """All layers of a file, and what its sender should know of the file as a whole."""

    layers: list[Layer]
    problems: list[Problem]


def polygon_of(rings: Sequence[object]) -> Polygon | None:
    """Return the polygon of a shell and its holes; None for an empty one.

    Rings need not be closed; holes of fewer than three corners are left out.

    Args:
        rings: Each a sequence of positions, of which the first two numbers are x and y.

    Raises:
        ValueError: A position is no pair of finite numbers, or the shell has too few.
    """
    arrays = [_positions(ring) for ring in rings]
    if not arrays or len(arrays[0]) == 0:
        return None
    shell, *holes = arrays
    if len(shell) < 3:
        raise ValueError("a shell has too few corners")
    return Polygon(shell, [hole for hole in holes if len(hole) >= 3])


def _positions(ring: object) -> F8:
    """Return the positions of a ring, shape (n, 2)."""
    if isinstance(ring, np.ndarray):
        pairs = np.asarray(ring, dtype=np.float64)
    elif isinstance(ring, Sequence) and not isinstance(ring, str):
        try:
            pairs = np.array([(float(p[0]), float(p[1])) for p in ring], dtype=np.float64)
        except (TypeError, IndexError, KeyError, OverflowError) as error:
            raise ValueError("a position is no pair of numbers") from error
    else:
        raise ValueError("a ring is no list of positions")
    if not np.isfinite(pairs).all():
        raise ValueError("a position is not finite")
    return pairs.reshape(-1, 2)


def joined(polygons: Sequence[Polygon]) -> Polygon | MultiPolygon | None:
    """Return polygons as one geometry, None without any."""
    if not polygons:
        return None
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def plain_attributes(pairs: Mapping[str, object]) -> dict[str, str]:
    """Return values as text; absent, empty and nested ones are left out."""
    texts = {str(key): plain_text(value) for key, value in pairs.items()}
    return {key: text for key, text in texts.items() if text}


def plain_text(value: object) -> str:
    """Return a value as text: whole numbers without decimals, empty when there is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not np.isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() else str(value)
    return str(value).strip() if isinstance(value, str | int) else ""


def damaged(label: str) -> AreaError:
    """Return the refusal of a file that breaks off or contradicts itself."""
    return AreaError(
        f"{label}:文件损坏或内容不完整,无法读取;请重新导出",
        f"{label}: the file is damaged or incomplete and can't be read: export it again",
        code="damaged",
    )
