"""A list of satellite targets as it was read, and what was wrong with rows that were not taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from shapely import MultiPolygon, Polygon

from geoinspect.errors import Text
from geoinspect.records import Datum, DatumChoice, Problem

# So many row numbers are named; the others are counted.
_NAMED_ROWS = 20


@dataclass(frozen=True, slots=True)
class Target:
    """One place of a target list, WGS84.

    Attributes:
        code: As the list writes it; ``row-12`` where it writes none.
        lon, lat: Of the point, or of a point inside the polygon.
        area_m2: As the list states it; the polygon's own area where it states none.
        day: Of the picture that it was seen in.
        row: Row of the table or number of the feature, from 1.
    """

    code: str
    lon: float
    lat: float
    area_m2: float | None
    day: date | None
    note: str
    polygon: Polygon | MultiPolygon | None
    row: int


@dataclass(frozen=True, slots=True)
class RefusedRows:
    """Rows that were left out by one rule.

    Attributes:
        rule: Short stable name.
        text: What is wrong and what to do, with the first row numbers.
        rows: The first row numbers, ascending; fewer than ``count`` where there are many or the
            numbers are not known.
        count: How many rows.
    """

    rule: str
    text: Text
    rows: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class TargetList:
    """Every usable target of a file.

    Attributes:
        name: The sender's file name.
        targets: In the order of the file.
        problems: What the sender should know; the refused rows are among it.
        refused: Rows left out, by rule.
        datum: What the file said of its datum, what was used, and why.
    """

    name: str
    targets: tuple[Target, ...]
    problems: tuple[Problem, ...]
    refused: tuple[RefusedRows, ...]
    datum: DatumChoice


@dataclass(frozen=True, slots=True)
class RawTarget:
    """A target as it stands in the file, in the file's own datum.

    Attributes:
        place: Degrees; of a polygon a point inside.
        datum: What the row alone says; None goes with the file.
    """

    row: int
    code: str
    place: tuple[float, float]
    area_m2: float | None
    day: date | None
    note: str
    polygon: Polygon | MultiPolygon | None = None
    datum: Datum | None = None


@dataclass(slots=True)
class Found:
    """What came of the rows so far.

    Attributes:
        statements: Values of fields that name the datum.
        words: Free text in which it may be named.
        refused: Row numbers by rule; 0 stands for a row whose number is not known.
        faults: Rows taken of which a cell could not be used, by rule.
        projected: Whether places were metres.
    """

    raws: list[RawTarget] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    refused: dict[str, list[int]] = field(default_factory=dict)
    faults: dict[str, list[int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    projected: bool = False

    def refuse(self, rule: str, row: int) -> None:
        """Leave a row out."""
        self.refused.setdefault(rule, []).append(row)

    def fault(self, rule: str | None, row: int) -> None:
        """Remember a cell that could not be used; None is no fault."""
        if rule is not None:
            self.faults.setdefault(rule, []).append(row)

    def refused_rows(self) -> tuple[RefusedRows, ...]:
        """Return the rows left out, by rule, those of most rows first."""
        told = []
        for rule, rows in sorted(self.refused.items(), key=lambda item: (-len(item[1]), item[0])):
            named = tuple(sorted(row for row in rows if row)[:_NAMED_ROWS])
            zh, en = REFUSALS[rule]
            zh_rows, en_rows = _numbers(named, len(rows))
            text = Text(
                f"{len(rows)} 行未使用:{zh}{zh_rows}", f"{len(rows)} rows left out: {en}{en_rows}"
            )
            told.append(RefusedRows(rule, text, named, len(rows)))
        return tuple(told)

    def fault_problems(self) -> Iterator[Problem]:
        """Yield what is to be said of rows that were taken."""
        for rule, rows in self.faults.items():
            zh, en = _FAULTS[rule]
            zh_rows, en_rows = _numbers(rows[:_NAMED_ROWS], len(rows))
            text = Text(f"{len(rows)} 行{zh}{zh_rows}", f"{len(rows)} rows: {en}{en_rows}")
            yield Problem(rule, text, len(rows))


def _numbers(rows: Sequence[int], count: int) -> tuple[str, str]:
    if not rows:
        return "", ""
    listed = ", ".join(map(str, rows))
    more_zh, more_en = (" 等", " and others") if count > len(rows) else ("", "")
    return f"(第 {listed} 行{more_zh})", f" (rows {listed}{more_en})"


# Rule → what is said of rows left out, in Chinese and English.
REFUSALS: Mapping[str, tuple[str, str]] = {
    "coordinate_missing": ("没有坐标", "they have no coordinates"),
    "coordinate_not_a_number": (
        "坐标不是有效数字,请改正后重新导入",
        "their coordinates are no numbers: correct them and import again",
    ),
    "coordinate_formula": (
        "坐标是公式,请在表格里“选择性粘贴为数值”后重新导入",
        "their coordinates are formulas: paste them as values and import again",
    ),
    "coordinate_swapped": (
        "经度和纬度写反了,请对调后重新导入",
        "longitude and latitude are swapped: exchange them and import again",
    ),
    "out_of_range": ("经纬度超出范围", "longitude or latitude is out of range"),
    "at_zero": ("坐标为 0,0", "they lie at 0, 0"),
    "coordinate_outside_projection": (
        "平面坐标不在投影带内",
        "their metres lie outside the projection",
    ),
    "row_unreadable": ("行过长或引号有误", "too long or wrongly quoted"),
    "no_shape": ("没有图形", "they have no shape"),
    "broken": ("图形坐标残缺或不是数字", "their shapes are incomplete or hold no numbers"),
    "not_point_or_polygon": (
        "不是单个点或面(线或多点)",
        "they are neither one point nor polygons but lines or several points",
    ),
    "metric_without_crs": (
        "坐标是米制的,但文件没有写坐标系",
        "the coordinates are metres but the file names no coordinate system",
    ),
    "wrong_crs": (
        "写的是经纬度坐标系,坐标却是米制的",
        "the coordinate system is one of degrees but the coordinates are metres",
    ),
}
_FAULTS: Mapping[str, tuple[str, str]] = {
    "area_unreadable": ("的面积无法识别,未采用", "the area can't be read and was not used"),
    "area_without_unit": (
        "的面积没有写单位,未采用;请把表头写成“面积(亩)”或“面积(平方米)”",
        "the area has no unit and was not used: name the column 'area (m2)' or 'area (mu)'",
    ),
    "day_unreadable": ("的日期无法识别,未采用", "the day can't be read and was not used"),
    "day_ambiguous": (
        "的日期分不清日和月(如 05/06/2026),未采用;请写成 2026-06-05",
        "day and month can't be told apart (05/06/2026), so it was not used: write 2026-06-05",
    ),
    "code_missing": ("没有编号,已用行号代替", "they have no code; the row number stands for it"),
    "code_twice": ("的编号与前面的行重复,请核对", "their code stands in an earlier row too"),
    "place_twice": (
        "的位置与前面的行完全相同;一对一比对时各算一个靶标",
        "their place is exactly that of an earlier row; each counts as a target of its own",
    ),
    "self_intersection_repaired": (
        "的多边形自相交,已自动修复,请在地图上核对",
        "polygons that cross themselves were repaired: check them on the map",
    ),
}
