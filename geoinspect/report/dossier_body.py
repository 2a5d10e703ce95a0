"""What stands in a dossier, in what order: sections of tables, lines and pictures.

Both writers take the same sections, so that paper, browser and word processor say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from geoinspect.cases.law_table import LargeScaleRule
from geoinspect.cases.thresholds import Reached, Verdict
from geoinspect.errors import Text
from geoinspect.records import MU_M2
from geoinspect.report.dossier_records import (
    Dossier,
    Evidence,
    FileState,
    Happened,
    Line,
    Picture,
    shown,
    written,
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text; without columns it is a list of names and values.

    Attributes:
        widths: Share of the page's width of each column.
        code: Columns of hashes, set in a narrow type that may break anywhere.
        struck: Rows that no longer count.
    """

    columns: tuple[Text, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    code: frozenset[int] = frozenset()
    struck: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph; a warning stands out."""

    text: str
    warning: bool = False


Block: TypeAlias = Table | Words | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    heading: Text
    blocks: tuple[Block, ...]


TITLE = Text("线索卷宗", "Case dossier")
SIMULATED = Text("模拟数据,不是真实线索", "SIMULATED DATA, not a real case")
SIGNERS = (Text("制表人", "Prepared by"), Text("见证人", "Witness"), Text("负责人", "Responsible"))
SIGN_DAY = Text("日期", "date")
_FOUND_WORDS: dict[FileState, Text] = {
    "none": Text("无文件", "no file"),
    "whole": Text("制作时核对一致", "checked when this was made: unchanged"),
    "changed": Text(
        "文件已被改动,与入库时的哈希不符!", "THE FILE WAS CHANGED: another hash than when it came"
    ),
    "missing": Text("文件丢失!", "THE FILE IS MISSING"),
}
_VERDICT_WORDS: dict[Verdict, Text] = {
    "yes": Text("符合", "met"),
    "maybe": Text("可能符合(区间跨过标准)", "may be met (the interval crosses it)"),
    "unknown": Text("缺少事实,无法判断", "a fact is missing"),
    "no": Text("不符合", "not met"),
}
_REACH_WORDS = {
    "whole": Text("区间全部在内", "the whole interval"),
    "point": Text("最佳值在内,区间跨出", "the best figure, not the whole interval"),
    "part": Text("仅区间一端在内", "only an end of the interval"),
}


def sections(dossier: Dossier) -> tuple[Section, ...]:
    """Return everything that a dossier says, in order."""
    made = (
        Section(Text("一、基本情况", "1. The case"), tuple(_case(dossier))),
        Section(Text("二、位置图", "2. Maps"), tuple(_maps(dossier))),
        Section(Text("三、核查与铲除", "3. Verification and eradication"), tuple(_steps(dossier))),
        Section(Text("四、法律档次提示", "4. Indications of law"), tuple(_law(dossier))),
        Section(Text("五、办理经过", "5. What happened"), tuple(_happened(dossier))),
        Section(Text("六、线索来源与并案", "6. Sources and merged cases"), tuple(_links(dossier))),
        Section(Text("七、证据目录", "7. Evidence"), tuple(_evidence(dossier))),
        Section(Text("八、照片", "8. Photos"), tuple(_photos(dossier))),
        Section(Text("九、审计链", "9. Audit chain"), tuple(_chain(dossier))),
    )
    return tuple(section for section in made if section.blocks)


def area_words(area_m2: float) -> str:
    """Return an area in 亩, hectares and square metres."""
    return f"{area_m2 / MU_M2:,.3f} 亩 mu = {area_m2 / 1e4:,.4f} 公顷 ha = {area_m2:,.1f} m²"


def place_words(place: tuple[float, float] | None) -> str:
    """Return a WGS84 place as people write it; a dash without one."""
    if place is None:
        return "—"
    lon, lat = place
    east, north = ("E" if lon >= 0 else "W"), ("N" if lat >= 0 else "S")
    return f"{abs(lat):.6f}°{north} {abs(lon):.6f}°{east}"


def _pairs(lines: Sequence[Line | tuple[Text, str]]) -> Table:
    told = [line if isinstance(line, tuple) else (line.name, line.value) for line in lines]
    rows = tuple((f"{name.zh} {name.en}", shown(value)) for name, value in told)
    return Table((), rows, (0.3, 0.7))


def _case(d: Dossier) -> Iterator[Block]:
    if d.simulated:
        yield Words(f"{SIMULATED.zh} / {SIMULATED.en}", warning=True)
    deadline = "—" if d.deadline is None else d.deadline.isoformat()
    if d.overdue:
        deadline += " (已超期 overdue)"
    state = f"{d.state.zh} {d.state.en}"
    if d.merged_into is not None:
        state += f" → {d.merged_into}"
    yield _pairs(
        [
            (Text("编号", "number"), d.number),
            (Text("名称", "title"), d.title),
            (Text("现状", "state"), f"{state}\n自 since {written(d.state_since)}"),
            (Text("辖区", "areas"), " / ".join(d.areas) or "—"),
            (Text("承办单位", "unit"), d.unit or "—"),
            (Text("来源", "origin"), f"{d.origin.zh} {d.origin.en}"),
            (Text("立线索", "opened"), f"{written(d.opened_at)}\n{d.opened_by}"),
            (Text("下一步期限(本单位规定)", "next step due (the office's own rule)"), deadline),
            (Text("位置(WGS84)", "place (WGS84)"), place_words(d.place)),
            (
                Text("地块面积(椭球面)", "ground (geodesic)"),
                area_words(d.ground_m2) if d.ground_m2 else "点,无面积 a point, no area",
            ),
        ]
    )
    yield Words(
        "位置为 WGS84 经纬度(度)。国内手机地图多用 GCJ-02:直接输入会偏移数百米,"
        "请用能选 WGS84 的软件或 GPS 设备打开。 / The place is WGS84 degrees, latitude first. Most "
        "map apps in China use GCJ-02 and would be some hundred metres off: use a GPS device or "
        "software that takes WGS84."
    )
    yield Words(
        "本卷宗说明的是地块,不认定任何人。时间为北京时间(+08:00)。 / This dossier speaks of "
        "ground, never of a person. Times are Beijing time."
    )


def _maps(d: Dossier) -> Iterator[Block]:
    yield from d.maps


def _steps(d: Dossier) -> Iterator[Block]:
    if not d.steps:
        yield Words("尚无实地核查记录。 / Nothing was recorded on the ground yet.")
    for step in d.steps:
        yield Words(f"【{step.name.zh}】{step.name.en}")
        yield _pairs(step.lines)


def _law(d: Dossier) -> Iterator[Block]:
    law = d.law
    yield Words(f"{law.basis.zh} / {law.basis.en}")
    if law.found is None:
        return
    yield Words(f"{law.found.statement.zh} / {law.found.statement.en}", warning=True)
    if law.found.reached:
        yield Table(
            (Text("档次", "class"), Text("程度", "reach"), Text("出处", "source")),
            tuple(_reached(one) for one in law.found.reached),
            (0.36, 0.22, 0.42),
        )
    else:
        yield Words("已知事实不到本表的任何一档。 / The facts reach no class of the table.")
    for crossing in law.found.crosses:
        yield Words(f"{crossing.text.zh} / {crossing.text.en}", warning=True)
    for missing in law.found.unanswered:
        yield Words(f"{missing.zh} / {missing.en}")
    if law.large is not None and law.large.rules:
        yield Table(
            (Text("大案条件", "large-scale rule"), Text("判断", "verdict"), Text("出处", "source")),
            tuple(_large(rule, verdict) for rule, verdict in law.large.rules),
            (0.36, 0.22, 0.42),
        )


def _reached(one: Reached) -> tuple[str, ...]:
    row, reach = one.row, _REACH_WORDS[one.reach]
    return f"{row.zh}\n{row.en}", f"{reach.zh}\n{reach.en}", _source(row)


def _large(rule: LargeScaleRule, verdict: Verdict) -> tuple[str, ...]:
    words = _VERDICT_WORDS[verdict]
    return f"{rule.zh}\n{rule.en}", f"{words.zh}\n{words.en}", _source(rule)


def _source(row: object) -> str:
    source, read_in = getattr(row, "source", ""), getattr(row, "read_in", "")
    checked = "" if getattr(row, "verified", False) else "\n未核对原文 NOT VERIFIED"
    note = getattr(row, "note", "")
    return f"{source}\n{read_in}{checked}" + (f"\n{note}" if note else "")


def _happened(d: Dossier) -> Iterator[Block]:
    yield Table(
        (
            Text("序号", "no."),
            Text("服务器收到 / 设备时间", "server / device time"),
            Text("事项与内容", "what was done and said"),
            Text("操作人", "by"),
        ),
        tuple(_event(d, one) for one in d.happened),
        (0.08, 0.22, 0.52, 0.18),
        struck=frozenset(k for k, one in enumerate(d.happened) if one.undone),
    )
    if any(one.undone for one in d.happened):
        yield Words("划线的步骤后来被撤销,不再有效。 / What is struck out was undone later.")


def _event(d: Dossier, one: Happened) -> tuple[str, ...]:
    number = str(one.seq) if one.case_number == d.number else f"{one.case_number} #{one.seq}"
    device = f"\n设备 device: {written(one.device_at)}" if one.device_at else ""
    said = [f"{one.action.zh} {one.action.en} → {one.state.zh} {one.state.en}"]
    said += [f"{line.name.zh} {line.name.en}: {shown(line.value)}" for line in one.said]
    said += [f"⚠ {doubt.zh} / {doubt.en}" for doubt in one.doubts]
    if one.undone:
        said.append("(已撤销 undone)")
    by = f"{shown(one.actor)}\n{one.role.zh} {one.role.en}" + (f"\n{one.unit}" if one.unit else "")
    return number, written(one.at) + device, "\n".join(said), by


def _links(d: Dossier) -> Iterator[Block]:
    if d.links:
        yield Table(
            (
                Text("类别", "kind"),
                Text("名称", "label"),
                Text("位置(WGS84)", "place"),
                Text("关联时间", "linked"),
            ),
            tuple(
                (
                    f"{one.kind.zh}\n{one.kind.en}",
                    shown(one.label),
                    place_words(one.place),
                    f"{written(one.at)}\n{shown(one.by)}"
                    + (f"\n已移出 taken away {written(one.gone)}" if one.gone else ""),
                )
                for one in d.links
            ),
            (0.16, 0.34, 0.24, 0.26),
            struck=frozenset(k for k, one in enumerate(d.links) if one.gone is not None),
        )
    else:
        yield Words("没有关联的图斑、举报或靶标。 / No patch, tip or target is linked.")
    if d.merged:
        yield Words(
            "并入本线索的其他线索(其证据列入第七部分): / Merged into this case (evidence in part 7):"
        )
        yield Table(
            (
                Text("编号", "number"),
                Text("名称", "title"),
                Text("来源", "origin"),
                Text("立线索", "opened"),
                Text("位置(WGS84)", "place"),
            ),
            tuple(
                (
                    one.number,
                    shown(one.title),
                    f"{one.origin.zh}\n{one.origin.en}",
                    written(one.opened_at),
                    place_words(one.place),
                )
                for one in d.merged
            ),
            (0.13, 0.27, 0.18, 0.2, 0.22),
        )


def _evidence(d: Dossier) -> Iterator[Block]:
    if not d.evidence:
        yield Words("尚无证据。 / There is no evidence yet.")
        return
    bad = [str(one.n) for one in d.evidence if one.found in ("changed", "missing")]
    if bad:
        yield Words(
            f"证据 {'、'.join(bad)} 的文件与入库时不符或丢失! / The files of evidence "
            f"{', '.join(bad)} are changed or missing!",
            warning=True,
        )
    yield Table(
        (
            Text("号", "no."),
            Text("名称与内容", "what it is"),
            Text("时间与地点", "time and place"),
            Text("SHA-256 与大小", "SHA-256 and size"),
        ),
        tuple(_one_evidence(d, one) for one in d.evidence),
        (0.06, 0.36, 0.3, 0.28),
        code=frozenset({3}),
    )


def _one_evidence(d: Dossier, one: Evidence) -> tuple[str, ...]:
    what = [f"{one.kind.zh} {one.kind.en}", shown(one.name)]
    if one.case_number != d.number:
        what.append(f"属 of {one.case_number}")
    what += [shown(one.note)] if one.note else []
    what += [f"{line.name.zh} {line.name.en}: {shown(line.value)}" for line in one.facts]
    what += [f"⚠ {problem.zh} / {problem.en}" for problem in one.problems]
    where = [f"拍摄 taken: {written(one.taken)}", place_words(one.place)]
    if one.distance_m is not None:
        where.append(f"距地块 from the ground: {one.distance_m:.0f} m")
    where.append(f"收到 received: {written(one.added_at)}\n{shown(one.added_by)}")
    found = _FOUND_WORDS[one.found]
    size = "" if one.bytes is None else f"\n{one.bytes:,} bytes"
    return str(one.n), "\n".join(what), "\n".join(where), f"{one.sha256 or ''}{size}\n{found}"


def _photos(d: Dossier) -> Iterator[Block]:
    yield from (one.picture for one in d.evidence if one.picture is not None)
    if d.left_out:
        yield Words(
            f"另有 {d.left_out} 张照片未印出(数量过多或无法显示),原件见证据目录。 / {d.left_out} more "
            "photos are not printed (too many, or they can't be shown): see the originals."
        )


def _chain(d: Dossier) -> Iterator[Block]:
    yield _pairs(
        [
            (Text("审计链行数", "rows of the audit chain"), str(d.chain_rows)),
            (Text("末行哈希", "last hash"), d.last_hash),
            (Text("核对码", "check code"), d.check_code),
            (Text("制作时间", "made at"), written(d.made_at)),
            (Text("制作人", "made by"), d.made_by),
            (Text("工作区", "workspace"), d.workspace),
        ]
    )
    yield Words(
        "每一行的哈希涵盖其内容和上一行的哈希:改动任何一行,其后的哈希全部不符。把末行哈希与本机之外保存的"
        "锚点核对,才能发现整条链被重写。链只证明记录在写入之后没有被改动,不证明写入的内容属实。 / Each row's "
        "hash covers its content and the hash before it, so a changed row breaks all that follow. "
        "Only an anchor kept elsewhere shows a chain that was made anew. The chain proves that "
        "records were not changed after they were written, not that what was written is true."
    )
    yield Table(
        (
            Text("行", "row"),
            Text("时间(UTC)", "time (UTC)"),
            Text("操作", "action"),
            Text("SHA-256", "hash"),
        ),
        tuple(
            (
                str(row.number),
                row.at,
                f"{row.action}\n{shown(row.subject)} · {shown(row.actor)}",
                row.hash,
            )
            for row in d.sealed
        ),
        (0.08, 0.2, 0.28, 0.44),
        code=frozenset({3}),
    )
