"""What share of simulated patches a detector listed, by size and bloom, with what it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from geoinspect.detect.implants import Planted, Wish
from geoinspect.detect.listing import Listing
from geoinspect.errors import Text
from geoinspect.search_records import GrowthStage

# Two-sided 95 %.
_Z = NormalDist().inv_cdf(0.975)
# The share told in one figure is that of patches from this area on, in m².
OVERALL_FROM_M2 = 10.0

SIMULATED = Text(
    "用植入影像副本的模拟图斑测得,不能证明实地检出能力",
    "simulated patches put into a copy of the picture: not proof of field performance",
)
ASSUMPTIONS = (
    Text(
        "模拟图斑的样子按植物学资料假定,未与真实罂粟影像对照",
        "how the patches look is assumed from botany, not compared with pictures of real poppy",
    ),
    Text(
        "只植入开阔的低矮植被和裸地;树下、屋旁、深阴影里的图斑不在其内",
        "they stand on open low vegetation and bare soil; nothing is said of patches under trees, "
        "beside houses or in deep shade",
    ),
    Text(
        "形状比例假定为:地块 45%、不规则 25%、成行 15%、长条 10%、零星 5%",
        "their forms are assumed: parcels 45 %, irregular beds 25 %, rows 15 %, strips 10 %, "
        "scattered plants 5 %",
    ),
    Text(
        "每个模拟图斑按当地唯一的新图斑计,只被清单上已有的图斑挤低;没上清单的不计",
        "each stands as the only new patch of its surroundings and is crowded by patches of the "
        "list alone, not by what the list left out",
    ),
    Text(
        "区间把各图斑当作互相独立(95%,Wilson)",
        "the intervals take the patches as independent (95 %, Wilson)",
    ),
)
# Holds where the list was made with red edge or near infrared too.
THREE_COLOURS = Text(
    "清单还参考了红边或近红外波段,模拟图斑只有三色、没有这些波段,二者不完全可比:偏高偏低未知,不作检出率使用",
    "the list was also made from red edge or near infrared, which simulated patches lack: the two "
    "don't quite compare, in a direction that is not known, and no detection rate is taken from it",
)
WEIGHTS = Text(
    "各格计划植入数相同,每个植入的图斑权重相同",
    "as many were planned for each cell of the table, and every planted patch counts the same",
)
FALSE_ALARMS = Text(
    "清单上尚未确认的图斑全部算作误报,是上限",
    "every listed patch that nobody has confirmed counts as false: an upper bound",
)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    found: int
    planted: int

    @property
    def rate(self) -> float | None:
        """The share, 0 to 1; None of none."""
        return self.found / self.planted if self.planted else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson (1927); 0 to 1 of none."""
        n = self.planted
        if n == 0:
            return 0.0, 1.0
        p, z2 = self.found / n, _Z * _Z
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        low = 0.0 if self.found == 0 else max(0.0, middle - half)
        high = 1.0 if self.found == n else min(1.0, middle + half)
        return low, high

    @property
    def estimate(self) -> float:
        """The share as a rate to reckon with, never 0 or 1: the mean under Jeffreys' prior."""
        return (self.found + 0.5) / (self.planted + 1)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        low, high = self.interval
        rate = self.rate
        return {
            "planted": self.planted,
            "found": self.found,
            "recall": None if rate is None else round(rate, 4),
            "low": round(low, 4),
            "high": round(high, 4),
        }


@dataclass(frozen=True, slots=True)
class Stratum:
    """Simulated patches of one size and look.

    Attributes:
        bloom_per_m2: Open flowers for each square metre.
        stage: Of growth.
    """

    stage: GrowthStage
    bloom_per_m2: float
    area_m2: float

    @classmethod
    def of(cls, wish: Wish) -> Stratum:
        """Return the stratum of a wish."""
        return cls(wish.stage, wish.bloom_per_m2, wish.area_m2)


@dataclass(frozen=True, slots=True)
class StratumShare:
    """What was found of one stratum.

    Attributes:
        dropped: Wished for, but there was no open ground for it.
        on_listed_ground: Planted where something was listed before; counts neither way.
    """

    stratum: Stratum
    share: Share
    dropped: int
    on_listed_ground: int

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "area_m2": self.stratum.area_m2,
            "bloom_per_m2": self.stratum.bloom_per_m2,
            "stage": self.stratum.stage.value,
            **self.share.as_json(),
            "dropped": self.dropped,
            "on_listed_ground": self.on_listed_ground,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one wish.

    Attributes:
        planted: Whether there was open ground for it.
        found: Whether something listed overlaps it, ``found_before``: so without the patch.
    """

    wish: Wish
    planted: bool
    found: bool = False
    found_before: bool = False


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The sensitivity of a detector on one raster, measured with simulated patches.

    Attributes:
        strata: In order of stage, bloom and area.
        decoys: Ordinary vegetation pasted in the same way: how often it was listed.
        ordinary: How often something was listed at the very same places before planting.
        stage: That the patches were planted for; None when all were.
        pieces: Pieces of the raster that were planted.
        beyond_colours: Whether the list was made from more bands than the patches have.
    """

    strata: tuple[StratumShare, ...]
    decoys: Share
    ordinary: Share
    listing: Listing
    stage: GrowthStage | None
    gsd_m: float
    pieces: int
    seed: int
    detector: str
    renderer: str
    beyond_colours: bool = False

    def of_area(self, area_m2: float) -> Share:
        """Return what was found of the patches of one area."""
        return _sum(cell.share for cell in self.strata if cell.stratum.area_m2 == area_m2)

    def from_area(self, area_m2: float) -> Share:
        """Return what was found of the patches of this area and more."""
        return _sum(cell.share for cell in self.strata if cell.stratum.area_m2 >= area_m2)

    @property
    def assumptions(self) -> tuple[Text, ...]:
        """What the figures rest on."""
        return (*ASSUMPTIONS, THREE_COLOURS) if self.beyond_colours else ASSUMPTIONS

    def as_json(self) -> dict[str, Any]:
        """Return it for programs, with what it means in words."""
        total = self.from_area(0)
        least = self.listing.least_logit
        return {
            "simulated": True,
            **_said(SIMULATED),
            "detector": self.detector,
            "renderer": self.renderer,
            "seed": self.seed,
            "gsd_cm": round(self.gsd_m * 100, 2),
            "stage": None if self.stage is None else self.stage.value,
            "pieces": self.pieces,
            "planted": total.planted,
            "found": total.found,
            "dropped": sum(cell.dropped for cell in self.strata),
            "on_listed_ground": sum(cell.on_listed_ground for cell in self.strata),
            "least_logit": round(least, 5) if math.isfinite(least) else None,
            "min_area_m2": self.listing.min_area_m2,
            "false_alarms_per_km2": round(self.listing.per_km2, 2),
            "false_alarms": _said(FALSE_ALARMS),
            "overall": {
                "from_m2": OVERALL_FROM_M2,
                **self.from_area(OVERALL_FROM_M2).as_json(),
                "weights": _said(WEIGHTS),
            },
            "strata": [cell.as_json() for cell in self.strata],
            "decoys": self.decoys.as_json(),
            "ordinary_ground": self.ordinary.as_json(),
            "assumptions": [_said(text) for text in self.assumptions],
        }


def shares_of(
    outcomes: Sequence[Outcome],
) -> tuple[tuple[StratumShare, ...], Share, Share]:
    """Return the shares by stratum, of decoys, and of ordinary ground."""
    by_stratum: dict[Stratum, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.wish.kind is not Planted.DECOY:
            by_stratum.setdefault(Stratum.of(outcome.wish), []).append(outcome)
    planted = [outcome for outcome in outcomes if outcome.planted]
    decoys = [outcome for outcome in planted if outcome.wish.kind is Planted.DECOY]
    return (
        tuple(
            _of_stratum(stratum, by_stratum[stratum]) for stratum in sorted(by_stratum, key=_place)
        ),
        Share(sum(outcome.found for outcome in decoys), len(decoys)),
        Share(sum(outcome.found_before for outcome in planted), len(planted)),
    )


def _of_stratum(stratum: Stratum, outcomes: Sequence[Outcome]) -> StratumShare:
    planted = [outcome for outcome in outcomes if outcome.planted]
    fresh = [outcome for outcome in planted if not outcome.found_before]
    return StratumShare(
        stratum,
        Share(sum(outcome.found for outcome in fresh), len(fresh)),
        dropped=len(outcomes) - len(planted),
        on_listed_ground=len(planted) - len(fresh),
    )


def _place(stratum: Stratum) -> tuple[int, float, float]:
    return list(GrowthStage).index(stratum.stage), stratum.bloom_per_m2, stratum.area_m2


def _sum(shares: Iterable[Share]) -> Share:
    parts = list(shares)
    return Share(sum(part.found for part in parts), sum(part.planted for part in parts))


def _said(text: Text) -> dict[str, str]:
    return {"message": text.en, "message_zh": text.zh}
