"""A piece of advice, and the one about the growth stage that a survey was flown at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from geoinspect.errors import Text
from geoinspect.search_records import STAGE_WORDS, GrowthStage

# ``stop``: searching it as it is promises little; ``warn``: it can be searched, with losses.
Weight = Literal["stop", "warn", "note"]
# How the codes of this kind of advice begin.
STAGE_CODES = "stage_"


@dataclass(frozen=True, slots=True)
class SurveyStage:
    """What poppy looks like at a place on the day of a survey, by the growth table.

    Attributes:
        flower_from, flower_to: First and last day of bloom of the season that the day lies in, or
            of the next one when it is over.
        altitude_m: What was assumed.
    """

    day: date
    stage: GrowthStage
    flower_from: date
    flower_to: date
    latitude_deg: float
    altitude_m: float


# The stage at a latitude (degrees) on a day; None where it can't be told.
StageOn = Callable[[float, date], SurveyStage | None]


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to know or do.

    Attributes:
        what: What is meant, in a few words.
        value: The figure it rests on, in ``unit``; None where there is none.
        text: What is wrong, how much, what to do.
    """

    code: str
    weight: Weight
    what: Text
    value: float | None
    unit: str
    text: Text

    def as_json(self) -> dict[str, object]:
        """Return it as the command line and the web show it."""
        return {
            "code": self.code,
            "weight": self.weight,
            "what": self.what.en,
            "what_zh": self.what.zh,
            "value": None if self.value is None else round(self.value, 4),
            "unit": self.unit,
            "message": self.text.en,
            "message_zh": self.text.zh,
        }


def of_stage(stage: SurveyStage | None) -> Advice:
    """Return what the growth stage of its day means for a survey; None where it is unknown."""
    what = Text("物候期", "growth stage")
    if stage is None:
        text = Text(
            "不知道拍摄日期,无法判断物候期,也不计入覆盖:添加时请用 --taken 给出日期",
            "the day of the flight is unknown, so is the growth stage, and it does not count as "
            "coverage: give --taken when adding it",
        )
        return Advice("stage_unknown", "warn", what, None, "", text)
    word, flower = STAGE_WORDS[stage.stage], stage.flower_from
    when = (
        f"{flower.month} 月 {flower.day} 日",
        f"{flower.isoformat()} to {stage.flower_to.isoformat()}",
    )
    until = f"{stage.flower_to.month} 月 {stage.flower_to.day} 日"
    place_zh = f"按北纬 {stage.latitude_deg:.1f}°、海拔 {stage.altitude_m:.0f} 米推算"
    place_en = f"by the table for {stage.latitude_deg:.1f}° N and {stage.altitude_m:.0f} m"
    days = float((flower - stage.day).days)
    if stage.stage is GrowthStage.FLOWER:
        text = Text(
            f"拍摄时正值花期({place_zh},至约 {until}):最容易发现,尽快核查",
            f"flown in bloom ({place_en}, until about {stage.flower_to.isoformat()}): the best "
            "time; check soon",
        )
        return Advice("stage_flower", "note", what, days, "days", text)
    if stage.stage is GrowthStage.NONE:
        text = Text(
            f"拍摄时地里还没有或已经收完({place_zh}):看不到罂粟不等于没有;"
            f"花期约 {flower.year} 年 {when[0]}起,届时再飞一次",
            f"flown before it is up or after it is gone ({place_en}): seeing none means nothing; "
            f"bloom is about {when[1]}, fly again then",
        )
        return Advice("stage_none", "stop", what, days, "days", text)
    if stage.stage is GrowthStage.CAPSULE:
        text = Text(
            f"拍摄时是{word.zh}({place_zh}),花已谢,只能凭果实和叶色:尽快核查",
            f"flown in {word.en} ({place_en}): petals are gone, only capsules and leaf colour "
            "tell; check soon",
        )
        return Advice("stage_capsule", "warn", what, days, "days", text)
    text = Text(
        f"拍摄时是{word.zh}({place_zh}),花期约 {when[0]}起至 {until},届时再飞一次",
        f"flown in {word.en} stage ({place_en}); bloom is about {when[1]}: fly again then",
    )
    return Advice("stage_early", "warn", what, days, "days", text)
