"""The whole line in one file: from a county's files to suspected patches, gaps and coverage.

    boundaries ─ areas, zones ─┐
    campaign ─ grid of cells ──┤
    track files ─ read, cleaned, swept ──┤→ snapshot: cells, sums by area, gaps → web map
    rasters ─ re-encoded, searched for patches, counted as seen ─┘
    patches, sightings, tips, satellite targets → cases (casework/book); sites ← visits by tracks

Each step is one call; follow it into the module it comes from. The command line, the demo and
the web's upload page all go through these same calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from geoinspect.casework.actors import Actor
from geoinspect.casework.licences import relicense_in, relicensed_problems
from geoinspect.casework.sites import add_sites
from geoinspect.casework.target_book import import_targets
from geoinspect.errors import InputError, Text
from geoinspect.files import readable
from geoinspect.ingest.areas import FieldChoice, read_areas, read_zones
from geoinspect.ingest.landmarks import LandmarkKind
from geoinspect.ingest.roster import read_roster
from geoinspect.intake import Intake, TrackTags, open_campaign
from geoinspect.intake.batch import add_tracks
from geoinspect.intake.footprints import FootprintTags, add_footprints
from geoinspect.intake.layers import add_landmarks, add_terrain
from geoinspect.records import AddResult, Level, Problem, Refusal, ZoneKind
from geoinspect.search_records import Method
from geoinspect.snapshot import Snapshot, take_snapshot
from geoinspect.store import audit, grounds, patrols, searching, sightings
from geoinspect.store.workspace import Workspace
from geoinspect.trial_book import TrialTags, add_trial, adopt_trial, read_targets

Tell = Callable[[Text], None]


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """The campaign to make when there is none of this name."""

    name: str
    area_code: str
    start: date
    end: date
    cell_m: float


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a county brings.

    Attributes:
        units: Code, name and parent's code of each unit.
        areas: Boundary files, wide levels first.
        zones: Files of zones that name their kind in a field ``kind``.
        tracks: Track files and what is known of each.
        surveys: Rasters.
        roster: Table of person and unit codes, for the patrols' monthly indicators.
        footprints: Outlines of pictures that somebody else looked through.
        landmarks: Layers of roads, houses, water or ways in, each with its kind.
        dem: Elevation model.
        trials: Seeded trials: table of targets, track of the search, method, and day.
        sites: Places to visit every so often.
        targets: Places that a satellite centre pointed out.
    """

    units: Sequence[tuple[str, str, str | None]]
    areas: Sequence[Path]
    zones: Sequence[Path]
    campaign: CampaignPlan
    tracks: Sequence[tuple[Path, TrackTags]] = ()
    surveys: Sequence[Path] = ()
    roster: Path | None = None
    footprints: Sequence[Path] = ()
    landmarks: Sequence[tuple[Path, str]] = ()
    dem: Path | None = None
    trials: Sequence[tuple[Path, Path, str, date]] = ()
    sites: Path | None = None
    targets: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What came of a run."""

    snapshot: Snapshot
    results: tuple[AddResult, ...]
    refusals: tuple[Refusal, ...]
    counts: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the figures of the run, those of ``scripts/demo --check`` among them."""
        return {
            **_standing(self.snapshot, self.counts),
            "files": len(self.results) + len(self.refusals),
            "duplicates": sum(result.status == "duplicate" for result in self.results),
            "refused": [
                {"file": r.file, "code": r.code, "message": r.text.en, "message_zh": r.text.zh}
                for r in self.refusals
            ],
        }


def run(workspace: Workspace, inputs: Inputs, *, actor: str, tell: Tell) -> Report:
    """Take everything in and return where the county stands.

    It can be stopped at any moment and run again: what is already in counts once.

    Raises:
        GeoInspectError: Boundaries or the campaign can't be used. A bad track or raster stops
            nothing; it is among the refusals.
    """
    add_ground(workspace, inputs, actor=actor, tell=tell)
    campaign_id = find_or_make_campaign(workspace, inputs.campaign, actor=actor)

    intake = Intake(workspace, actor=actor)
    results: list[AddResult] = []
    refusals: list[Refusal] = []
    _add_surroundings(workspace, inputs, results, refusals, actor=actor)
    for outcome in add_tracks(intake.tracks, inputs.tracks, workspace.settings):
        if isinstance(outcome, AddResult):
            results.append(outcome)
        else:
            refusals.append(outcome)
    tell(Text(f"轨迹:{len(results)} 个文件", f"tracks: {len(results)} files"))

    for path in inputs.surveys:
        tell(Text(f"航测:{path.name}", f"survey: {path.name}"))
        _try(results, refusals, path, partial(intake.add_searched_survey, path))

    for path in inputs.footprints:
        add = partial(add_footprints, workspace, path, FootprintTags(), actor=actor)
        _try(results, refusals, path, add)

    _add_leads(workspace, inputs, actor=actor, tell=tell)
    snapshot = take_snapshot(workspace, campaign_id)
    with workspace.database.reading() as session:
        counts = sightings.counts(session)
    return Report(snapshot, tuple(results), tuple(refusals), counts)


def _add_leads(workspace: Workspace, inputs: Inputs, *, actor: str, tell: Tell) -> None:
    """Take in what points at ground: sites to watch and satellite targets."""
    who = Actor(actor, "admin")
    if inputs.sites is not None:
        sites = add_sites(workspace, inputs.sites, who)
        new = len(sites.added)
        words = f"重点部位:新增 {new} 个,轨迹证实走访 {sites.visits} 次"
        tell(Text(words, f"sites: {new} new, {sites.visits} visits proved by tracks"))
    if inputs.targets is not None:
        targets = import_targets(workspace, inputs.targets, who)
        tell(Text(f"卫星靶标:{targets.targets} 个", f"satellite targets: {targets.targets}"))


def _add_surroundings(
    workspace: Workspace,
    inputs: Inputs,
    results: list[AddResult],
    refusals: list[Refusal],
    *,
    actor: str,
) -> None:
    """Take in what searching depends on: landmarks, the elevation model, trials."""
    for path, kind in inputs.landmarks:
        layer = partial(add_landmarks, workspace, path, LandmarkKind(kind), actor=actor)
        _try(results, refusals, path, layer)
    if inputs.dem is not None:
        terrain = partial(add_terrain, workspace, inputs.dem, actor=actor)
        _try(results, refusals, inputs.dem, terrain)
    with workspace.database.reading() as session:
        known = {(row.method, row.day) for row in searching.trials(session)}
    for targets, walk, method, day in inputs.trials:
        # Stopped and run again, a trial counts once.
        if (method, day) not in known:
            tags = TrialTags(Method(method), day)
            _try(
                results,
                refusals,
                targets,
                partial(_add_trial, workspace, targets, walk, tags, actor),
            )


def _add_trial(
    workspace: Workspace, targets: Path, walk: Path, tags: TrialTags, actor: str
) -> AddResult:
    """Keep a trial and put its figure into the table of rates."""
    trial = add_trial(workspace, read_targets(targets), walk, tags, actor=actor)
    adopt_trial(workspace, trial.id, actor=actor)
    name = readable(targets.name)
    text = Text(f"{name}:放置试验已采用。", f"{name}: the trial is in the table of rates.")
    return AddResult(name, "added", "unknown", trial.id, text)


def standing(workspace: Workspace, campaign_name: str) -> dict[str, object]:
    """Return where a campaign stands now: patches, gaps and coverage.

    Raises:
        NotFoundError: There is no such campaign.
    """
    with workspace.database.reading() as session:
        campaign_id = grounds.campaign(session, campaign_name).id
        counts = sightings.counts(session)
    return _standing(take_snapshot(workspace, campaign_id), counts)


def _standing(snapshot: Snapshot, counts: dict[str, int]) -> dict[str, object]:
    total = snapshot.sums[snapshot.campaign.area_code]
    return {
        "campaign": snapshot.campaign.name,
        "gaps": len(snapshot.gaps),
        **counts,
        **total.as_json(),
    }


def add_ground(workspace: Workspace, inputs: Inputs, *, actor: str, tell: Tell) -> None:
    """Read units, areas and zones into the workspace."""
    with workspace.database.writing() as session:
        for code, name, parent in inputs.units:
            grounds.add_unit(session, code=code, name=name, parent_code=parent)
        if inputs.roster is not None:
            patrols.set_roster(session, read_roster(inputs.roster))
    for path in inputs.areas:
        added, _, problems = add_areas(workspace, path, actor=actor)
        tell(Text(f"辖区:{path.name},{added} 个", f"areas: {path.name}, {added}"))
        for problem in problems:
            tell(problem.text)
    for path in inputs.zones:
        added, problems = add_zones(workspace, path, kind=None, actor=actor)
        tell(Text(f"区域:{path.name},{added} 个", f"zones: {path.name}, {added}"))
        for problem in problems:
            tell(problem.text)


def add_areas(
    workspace: Workspace,
    path: Path,
    *,
    actor: str,
    level: Level | None = None,
    chosen: FieldChoice | None = None,
    name: str | None = None,
) -> tuple[int, int, tuple[Problem, ...]]:
    """Read areas into the workspace; return how many are new, how many replaced, and problems."""
    label = name or path.name
    file = read_areas(path, level=level, chosen=chosen, name=name)
    with workspace.database.writing() as session:
        known = {unit.code for unit in grounds.units(session)}
        for code in sorted({a.unit_code for a in file.areas if a.unit_code} - known):
            grounds.add_unit(session, code=code, name=code, parent_code=None)
        added, replaced = grounds.add_areas(session, file.areas)
        outside = grounds.outside_parents(session, {area.code for area in file.areas})
        details: dict[str, object] = {"added": added, "replaced": replaced}
        audit.record(session, actor=actor, action="areas.add", subject=label, details=details)
        campaigns = [row.name for row in grounds.campaigns(session)] if replaced else []
    return added, replaced, file.problems + outside + _old_borders(campaigns)


def _old_borders(campaigns: list[str]) -> tuple[Problem, ...]:
    if not campaigns:
        return ()
    names = "、".join(campaigns)
    text = Text(
        f"已建立的行动({names})仍按原边界计算;要按新边界,请新建行动",
        f"campaigns made earlier ({', '.join(campaigns)}) keep the old borders; make a new one "
        "for the new ones",
    )
    return (Problem("campaigns_keep_borders", text, len(campaigns)),)


def add_zones(
    workspace: Workspace, path: Path, *, kind: ZoneKind | None, actor: str
) -> tuple[int, tuple[Problem, ...]]:
    """Read zones into the workspace, judge stored patches anew where licensed parcels are among
    them, and return how many are new, and problems.
    """
    file = read_zones(path, kind=kind)
    problems = file.problems
    with workspace.database.writing() as session:
        added = grounds.add_zones(session, file.zones)
        audit.record(
            session, actor=actor, action="zones.add", subject=path.name, details={"added": added}
        )
        if any(zone.kind is ZoneKind.LICENSED for zone in file.zones):
            problems += relicensed_problems(relicense_in(session, actor=actor))
    return added, problems


def find_or_make_campaign(workspace: Workspace, plan: CampaignPlan, *, actor: str) -> int:
    """Return the number of the campaign of this name, made and swept when it is new."""
    with workspace.database.reading() as session:
        for row in grounds.campaigns(session):
            if row.name == plan.name:
                return row.id
    made, _ = open_campaign(
        workspace,
        plan.name,
        area_code=plan.area_code,
        start=plan.start,
        end=plan.end,
        cell_m=plan.cell_m,
        actor=actor,
    )
    return made.id


def _try(
    results: list[AddResult],
    refusals: list[Refusal],
    path: Path,
    add: Callable[[], AddResult],
) -> None:
    try:
        results.append(add())
    except InputError as error:
        refusals.append(Refusal(path.name, error.code, error.text))
