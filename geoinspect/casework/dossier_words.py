"""What the rows of a case say, as named lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from geoinspect.cases.facts import AREA_HOW_WORDS, FACT_WORDS, AreaHow
from geoinspect.cases.records import METHOD_WORDS, OUTCOME_WORDS, REASON_WORDS, LinkKind, Method
from geoinspect.cases.records import DismissReason as Reason
from geoinspect.cases.records import Outcome as Found
from geoinspect.errors import Text
from geoinspect.records import MU_M2
from geoinspect.report.dossier_records import Line
from geoinspect.search_records import STAGE_WORDS, GrowthStage

Json = Mapping[str, Any]

STEP_WORDS: Mapping[str, Text] = {
    "verified": Text("实地核查", "verification on the ground"),
    "eradicated": Text("铲除", "eradication"),
    "rechecked": Text("复查", "recheck"),
    "dismissed": Text("排除", "dismissal"),
    "closed": Text("办结", "closing"),
}
ROLE_WORDS: Mapping[str, Text] = {
    "field": Text("踏查人员", "field"),
    "analyst": Text("分析员", "analyst"),
    "commander": Text("指挥员", "commander"),
    "auditor": Text("审计员", "auditor"),
    "admin": Text("管理员", "administrator"),
}
LINK_WORDS: Mapping[LinkKind, Text] = {
    LinkKind.PATCH: Text("影像疑似图斑", "patch"),
    LinkKind.TIP: Text("群众举报", "tip"),
    LinkKind.TARGET: Text("卫星靶标", "satellite target"),
    LinkKind.SITE: Text("重点部位", "site"),
    LinkKind.TRACK: Text("轨迹", "track"),
    LinkKind.SURVEY: Text("航测", "survey"),
    LinkKind.CASE: Text("线索", "case"),
}
_SAID_WORDS: Mapping[str, Text] = {
    "outcome": Text("结果", "outcome"),
    "reason": Text("原因", "reason"),
    "unit": Text("单位", "unit"),
    "deadline": Text("期限", "deadline"),
    "step": Text("所涉步骤", "step concerned"),
    "undoes": Text("撤销的步骤", "step undone"),
    "into_number": Text("并入或拆出", "into case"),
    "split_number": Text("拆分自", "split from"),
    "number": Text("相关线索", "other case"),
    "tip": Text("举报", "tip"),
    "patches": Text("图斑", "patches"),
    "name": Text("文件或名称", "file or name"),
}
_COUNT, _NOTE = Text("株数", "plants"), Text("备注", "note")
_HOW, _OFFICE = Text("测算方法", "how counted"), Text("见证单位", "witness's office")
_CHANGED = Text("地块范围", "ground")
_FLAGS = ("sprouted", "repeated", "resisted", "self_removed")
_COUNT_WORDS: Mapping[str, Text] = {
    "plain": Text("逐株清点", "counted one by one"),
    "poisson": Text("样方推算,泊松", "quadrats, Poisson"),
    "negative_binomial": Text("样方推算,负二项(聚集)", "quadrats, negative binomial (clumped)"),
}


def both(words: Text) -> str:
    """Return words in both languages for one cell."""
    return f"{words.zh} {words.en}"


def fact_lines(facts: Json) -> Iterator[Line]:
    """Yield what is known of a step or a piece of evidence, named, with its unit and interval."""
    if facts.get("outcome") in set(Found):
        yield Line(_SAID_WORDS["outcome"], both(OUTCOME_WORDS[Found(facts["outcome"])]))
    if facts.get("reason") in set(Reason):
        yield Line(_SAID_WORDS["reason"], both(REASON_WORDS[Reason(facts["reason"])]))
    if facts.get("day"):
        yield Line(FACT_WORDS["day"], str(facts["day"]))
    if isinstance(facts.get("count"), Mapping):
        yield from _count_lines(facts["count"])
    if isinstance(facts.get("area_m2"), int | float):
        yield Line(Text("面积", "area"), _area_words(facts))
    if facts.get("area_how") in set(AreaHow):
        yield Line(FACT_WORDS["area_how"], both(AREA_HOW_WORDS[AreaHow(facts["area_how"])]))
    if facts.get("method") in set(Method):
        yield Line(FACT_WORDS["method"], both(METHOD_WORDS[Method(facts["method"])]))
    if facts.get("stage") in set(GrowthStage):
        yield Line(FACT_WORDS["stage"], both(STAGE_WORDS[GrowthStage(facts["stage"])]))
    for name in _FLAGS:
        if isinstance(facts.get(name), bool):
            yield Line(FACT_WORDS[name], "是 yes" if facts[name] else "否 no")
    for name in ("survey", "track"):
        if facts.get(name) is not None:
            yield Line(FACT_WORDS[name], f"#{facts[name]}")
    if facts.get("witness"):
        yield Line(FACT_WORDS["witness"], str(facts["witness"]))
    if facts.get("witness_office"):
        yield Line(_OFFICE, str(facts["witness_office"]))
    if isinstance(facts.get("note"), str) and facts["note"]:
        yield Line(_NOTE, facts["note"])


def said_lines(details: Json, units: Mapping[str, str]) -> Iterator[Line]:
    """Yield what an event says: everything that people read, nothing that only programs need."""
    for name, words in _SAID_WORDS.items():
        value = details.get(name)
        if value in (None, "") or (name in ("outcome", "reason") and not isinstance(value, str)):
            continue
        if isinstance(value, list):
            value = ", ".join(map(str, value))
        if name == "outcome" and value in set(Found):
            yield Line(words, both(OUTCOME_WORDS[Found(value)]))
        elif name == "reason" and value in set(Reason):
            yield Line(words, both(REASON_WORDS[Reason(value)]))
        elif name == "unit":
            yield Line(words, units.get(str(value), str(value)))
        elif name == "step" and value in STEP_WORDS:
            yield Line(words, both(STEP_WORDS[value]))
        else:
            yield Line(words, str(value))
    if details.get("ground_before"):
        yield Line(_CHANGED, "有变化 changed")
    facts = details.get("facts")
    if isinstance(facts, Mapping) and not details.get("carried"):
        yield from fact_lines(facts)
    if isinstance(details.get("note"), str) and details["note"]:
        yield Line(_NOTE, details["note"])


def _count_lines(count: Json) -> Iterator[Line]:
    plants, low, high = (count.get(name) for name in ("plants", "low", "high"))
    if plants is None:
        return
    text = f"{plants:,.0f} 株 plants"
    if low is not None and high is not None and low != high:
        text += f"({count.get('level', 0.95):.0%} 区间 interval: {low:,.0f} – {high:,.0f})"
    yield Line(_COUNT, text)
    method = str(count.get("method", ""))
    how = both(_COUNT_WORDS[method]) if method in _COUNT_WORDS else method
    if count.get("quadrats"):
        how += f";{count['quadrats']} 个样方 quadrats × {count.get('quadrat_m2', 0):g} m²"
        if count.get("per_m2") is not None:
            how += f",{count['per_m2']:.2f} 株 plants / m²"
        if count.get("area_m2") is not None:
            how += f",× {count['area_m2']:,.1f} m²"
    if count.get("why_zh"):
        how += f"\n{count['why_zh']} / {count.get('why', '')}"
    yield Line(_HOW, how)


def _area_words(facts: Json) -> str:
    area_m2 = facts["area_m2"]
    text = f"{area_m2 / MU_M2:,.3f} 亩 mu = {area_m2 / 1e4:,.4f} 公顷 ha = {area_m2:,.1f} m²"
    low, high = facts.get("area_low_m2"), facts.get("area_high_m2")
    if low is not None and high is not None:
        text += f"(区间 interval: {low:,.1f} – {high:,.1f} m²)"
    return text
