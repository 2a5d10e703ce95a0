"""What is looked for, as data: a plant is a row of a table and a trained ranking, not code.

The table (``data/targets.toml``, or the workspace's own) holds what people are told of a plant,
its assumed spectrum and course in the year, thresholds, and the file of its ranking.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geoinspect.detect.model import Ranking, load, shipped
from geoinspect.detect.phenology import Spread, TargetCourse
from geoinspect.detect.search import REASONS
from geoinspect.detect.signatures import BAND_RANGES_NM, Spectrum
from geoinspect.errors import NotFoundError, Text, UsageError

TARGETS_NAME = "targets.toml"
DEFAULT_TARGET = "opium_poppy"
SHIPPED_RANKING = "cue_ranking.npz"
# Reasons that don't come from the cues of blocks.
NUDGE_REASONS = ("nir", "spectrum", "season")

_BASE_LATITUDE_DEG = 25.0
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_Words = Annotated[str, Field(min_length=1, max_length=200)]
# The name of a file in the same folder: never a way out of it.
_FileName = Annotated[str, Field(pattern=r"^([\w][\w.-]*)?$", max_length=100)]
_Slope = Annotated[float, Field(ge=-30, le=30)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CueWords(_Row):
    """What people are told of a cue; the weight orders the words.

    Attributes:
        name: Of the reasons that patches come with.
    """

    name: str
    weight: float = Field(ge=0, le=1)
    zh: _Words
    en: _Words

    @model_validator(mode="after")
    def _known(self) -> CueWords:
        known = (*REASONS, *NUDGE_REASONS)
        if self.name not in known:
            raise ValueError(f"{self.name!r} is no cue; there are {', '.join(known)}")
        return self


class _Spread(_Row):
    mean: float
    sd: float = Field(gt=0)


class Course(_Row):
    """The plant's year at 25° N at sea level; see :class:`.phenology.TargetCourse`."""

    first_day: int
    last_day: int
    per_degree: _Slope
    per_100_m: _Slope
    green_up_day: _Spread
    peak_day: _Spread
    senescence_day: _Spread
    fall_per_day: _Spread
    amplitude: _Spread
    calendar_sd_days: float
    trust: float

    @model_validator(mode="after")
    def _usable(self) -> Course:
        try:
            self.at(_BASE_LATITUDE_DEG, 0.0)
        except UsageError as error:
            raise ValueError(error.text.en) from error
        return self

    def at(self, latitude_deg: float, altitude_m: float) -> TargetCourse:
        """Return the course as assumed at a place."""
        table = self.model_dump(exclude={"per_degree", "per_100_m"})
        spread = {k: Spread(**v) for k, v in table.items() if isinstance(v, dict)}
        course = TargetCourse(**{**table, **spread})
        north = self.per_degree * (latitude_deg - _BASE_LATITUDE_DEG)
        return course.shifted(north + self.per_100_m * altitude_m / 100)


class Thresholds(_Row):
    """Numbers of the search; None takes the settings' or the method's own.

    Attributes:
        heights: Logits at which objects are cut, ascending.
    """

    min_area_m2: float | None = Field(None, gt=0)
    heights: tuple[Annotated[float, Field(ge=-20, le=20)], ...] | None = Field(
        None, min_length=1, max_length=30
    )

    @model_validator(mode="after")
    def _ascending(self) -> Thresholds:
        if any(low >= high for low, high in pairwise(self.heights or ())):
            raise ValueError("the heights must ascend")
        return self


class Target(_Row):
    """A plant that is looked for. What it says of spectrum and course is assumed.

    Attributes:
        key: Its name on the command line.
        growth: File of the table of its stages; empty for none.
        size_m2: Smallest and largest patch that people report.
        ranking: File of its trained ranking; empty for none yet.
        spectrum: Reflectance (0 to 1) by band role.
    """

    key: str
    zh: _Words
    en: _Words
    growth: _FileName
    size_m2: tuple[float, float]
    ranking: _FileName
    petal_colours: tuple[Literal["white", "pink", "mauve", "red", "yellow", "blue"], ...]
    leaf_tint: Literal["glaucous", "green", "deep_green", "yellow_green", "red_green"]
    cue: tuple[CueWords, ...]
    spectrum: Mapping[str, Annotated[float, Field(ge=0, le=1)]] | None = None
    course: Course | None = None
    thresholds: Thresholds = Thresholds(min_area_m2=None, heights=None)

    @model_validator(mode="after")
    def _hangs_together(self) -> Target:
        if _KEY.fullmatch(self.key) is None:
            raise ValueError(f"the key {self.key!r} is not lower-case letters, digits and _")
        if not 0 < self.size_m2[0] < self.size_m2[1]:
            raise ValueError("size_m2 is a smaller and a larger area, both above 0")
        if len({cue.name for cue in self.cue}) < len(self.cue):
            raise ValueError("a cue is named twice")
        strange = [role for role in self.spectrum or () if role not in BAND_RANGES_NM]
        if strange:
            raise ValueError(f"no band role {strange[0]!r}; use {', '.join(BAND_RANGES_NM)}")
        return self

    @property
    def name(self) -> Text:
        """What people call it."""
        return Text(self.zh, self.en)

    @property
    def words(self) -> tuple[Text, ...]:
        """What to look at, the most telling first."""
        return tuple(
            Text(cue.zh, cue.en) for cue in sorted(self.cue, key=lambda c: (-c.weight, c.name))
        )

    def assumed_spectrum(self) -> Spectrum:
        """Return the table's spectrum.

        Raises:
            UsageError: The table has none.
        """
        if not self.spectrum:
            raise UsageError(
                f"目标表没有“{self.zh}”的光谱:请用 --signature 给出光谱文件",
                f"the table has no spectrum of {self.en}: give a file with --signature",
                code="no_spectrum",
            )
        return Spectrum(self.key, by_role=dict(self.spectrum))

    def course_at(self, latitude_deg: float, altitude_m: float) -> TargetCourse:
        """Return the assumed course of its year at a place.

        Raises:
            UsageError: The table has none.
        """
        if self.course is None:
            raise UsageError(
                f"目标表没有“{self.zh}”的季节曲线:请在 {TARGETS_NAME} 中补充,或不用 --ndvi",
                f"the table has no course of the year of {self.en}: add one to {TARGETS_NAME}, or "
                "leave out --ndvi",
                code="no_course",
            )
        return self.course.at(latitude_deg, altitude_m)


class _Rows(_Row):
    target: tuple[Target, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> _Rows:
        if len({row.key for row in self.target}) < len(self.target):
            raise ValueError("a target stands there twice")
        return self


@dataclass(frozen=True, slots=True)
class TargetTable:
    """All targets; the first is the default.

    Attributes:
        folder: Where the table's own rankings lie; None for the package's table.
    """

    targets: tuple[Target, ...]
    folder: Path | None = None

    def target(self, key: str | None = None) -> Target:
        """Return a target by its key; the first one without.

        Raises:
            NotFoundError: There is none of this name.
        """
        if key is None:
            return self.targets[0]
        for row in self.targets:
            if row.key == key:
                return row
        known = [row.key for row in self.targets]
        raise NotFoundError(
            f"没有名为“{key[:60]}”的目标;可用:{'、'.join(known)}",
            f"there is no target {key[:60]!r}; there are {', '.join(known)}",
            code="no_such_target",
        )

    def ranking(self, target: Target) -> Ranking:
        """Return the trained ranking of a target: beside the table, else the one shipped.

        Raises:
            UsageError: It has none, or its file isn't there.
            InputError: The file can't be used.
        """
        if not target.ranking:
            raise UsageError(
                f"“{target.zh}”还没有训练好的排序模型:请用 --detector 文件.npz 自带一个",
                f"no trained ranking yet for {target.en}; bring one with --detector FILE",
                code="no_ranking",
            )
        own = None if self.folder is None else self.folder / target.ranking
        if own is not None and own.is_file():
            return load(own)
        if target.ranking == SHIPPED_RANKING:
            return shipped()
        raise UsageError(
            f"“{target.zh}”的排序模型“{target.ranking}”不在目标表旁边:请放到那里,或用 --detector 给出",
            f"the ranking {target.ranking!r} of {target.en} does not lie beside the table of "
            "targets: put it there, or give it with --detector",
            code="no_ranking",
        )


def load_targets(path: Path | None = None) -> TargetTable:
    """Return the table of a file, or the one that comes with the package.

    Raises:
        UsageError: The file can't be read, is no TOML, or has a value it can't have.
    """
    name = TARGETS_NAME if path is None else path.name
    try:
        if path is None:
            text = resources.files("geoinspect.data").joinpath(TARGETS_NAME).read_text("utf-8")
        else:
            text = path.read_text("utf-8")
        rows = _Rows.model_validate(tomllib.loads(text))
    except ValidationError as error:
        first: Any = error.errors()[0]
        raise _unusable(name, f"{' · '.join(map(str, first['loc']))} {first['msg']}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _unusable(name, str(error)[:200]) from error
    return TargetTable(rows.target, None if path is None else path.parent)


def targets_of(folder: Path | None) -> TargetTable:
    """Return the table of a workspace's folder, or the package's where it has none of its own.

    Raises:
        UsageError: The folder's own table can't be used.
    """
    own = None if folder is None else folder / TARGETS_NAME
    return load_targets(own if own is not None and own.is_file() else None)


def _unusable(name: str, why: str) -> UsageError:
    return UsageError(
        f"目标表“{name}”不可用({why}):请对照说明改正",
        f"the table of targets {name!r} can't be used ({why}): correct it",
        code="bad_targets",
    )
