"""Files of labelled ground: one reader for what a detector learns from and for what is imported.

Opened by :mod:`geoinspect.ingest.vectors`, which takes four formats by what they are: a file that
points at other files or hosts can't get in.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shapely import MultiPolygon, Polygon

from geoinspect.crs import WGS84
from geoinspect.detect.labelled import Label
from geoinspect.errors import InputError
from geoinspect.files import readable
from geoinspect.ingest.vectors import FAULTS, read_shapes
from geoinspect.records import Problem
from geoinspect.review_records import Said, WhyNot, teaches

# Problems by which features are left out.
_LOST = {*FAULTS, "no_polygon"}


@dataclass(frozen=True, slots=True)
class LabelShape:
    """One labelled polygon of a file.

    Attributes:
        polygon: In WGS84.
        said: Poppy, other or unsure.
        reason: Why it is none, None where the file says nothing that is known.
        values: All columns, their names in small letters, without blanks around.
    """

    polygon: Polygon | MultiPolygon
    said: Said
    reason: WhyNot | None
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class LabelFile:
    """What a file of labels holds.

    Attributes:
        labels: In the order of the file.
        others: What stands in the column ``label`` of the polygons that have no label, "" where
            nothing does.
        problems: What was wrong with other features.
    """

    labels: tuple[LabelShape, ...]
    others: tuple[str, ...]
    problems: tuple[Problem, ...]


def read_label_file(path: Path) -> LabelFile:
    """Read the polygons of all layers by their column ``label`` (poppy, other, unsure).

    Raises:
        AreaError: It is no GeoPackage, GeoJSON, KML or zipped Shapefile, is damaged, has no CRS,
            or has no polygon.
        TooLargeError: It is beyond a stated limit.
    """
    file = read_shapes(path)
    labels, others = [], []
    for shape in file.shapes:
        values = {name.lower(): value.strip() for name, value in shape.attributes.items()}
        said = values.get("label", "").lower()
        if said not in set(Said) or not Said(said).answers:
            others.append(said)
            continue
        why = values.get("reason", "").lower()
        reason = WhyNot(why) if why in set(WhyNot) else None
        labels.append(LabelShape(shape.polygon, Said(said), reason, values))
    return LabelFile(tuple(labels), tuple(others), file.problems)


def read_labels(path: Path) -> tuple[Label, ...]:
    """Return the labelled ground of a file that a detector can learn from, in WGS84.

    Polygons without a label, unsure ones, and ground that may look like the target though it is
    none (:func:`.teaches`) are left out.

    Raises:
        InputError: The file or a value in it can't be used, a feature is no polygon, or nothing
            is left to learn from.
        TooLargeError: It is beyond a stated limit.
    """
    file = read_label_file(path)
    if lost := sum(one.count for one in file.problems if one.code in _LOST):
        raise _unusable(
            path,
            f"有 {lost} 个要素不是面,或坐标有误",
            f"{lost} of its features are no polygons, or their coordinates are wrong",
        )
    if strange := sorted(set(file.others) - {""}):
        raise _unusable(
            path,
            f"label 列有“{strange[0][:40]}”,只能是 poppy 或 other",
            f"its column 'label' has {strange[0][:40]!r}; only poppy or other will do",
        )
    if not file.labels:
        raise _unusable(path, "label 列缺少或为空", "its column 'label' is missing or empty")
    known = [one for one in file.labels if teaches(one.said, one.reason)]
    if not known:
        raise _unusable(path, "里面没有可供学习的标注", "no label in it can be learnt from")
    return tuple(Label(one.polygon, WGS84, one.said is Said.POPPY) for one in known)


def _unusable(path: Path, zh: str, en: str) -> InputError:
    name = readable(path.name)
    return InputError(
        f"标注文件“{name}”不能用:{zh};应为含 label 列(poppy/other)的面图层 labels",
        f"the labels {name!r} can't be used: {en}; give a layer 'labels' of polygons with a "
        "column 'label' (poppy or other)",
        code="bad_labels",
    )
