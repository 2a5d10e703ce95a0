"""The sample county from the first stone to the manifest: read ``generate`` from top to bottom."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import shapely
from shapely import Polygon

from geoinspect.crs import transform_geometry
from geoinspect.errors import Text
from geoinspect.intake import TrackTags
from geoinspect.pipeline import CampaignPlan, Inputs
from geoinspect.records import Mode
from sample_data import names
from sample_data.area_files import fixed_dates, write_areas, write_units
from sample_data.areas import SampleArea, Tree, TreeSize, make_tree
from sample_data.basemap import write_basemap, write_dem
from sample_data.doubtful import odd_outings, send_copies
from sample_data.features import write_features
from sample_data.flights import write_footprints
from sample_data.landmarks import write_landmarks
from sample_data.leads import write_sites, write_targets
from sample_data.manifest import (
    NOTE,
    FileKind,
    Ledger,
    Manifest,
    read_manifest,
    write_manifest,
)
from sample_data.patrols import SEASON_END, Effort, drone_flights, plan_patrols
from sample_data.people import write_roster
from sample_data.recipes import FULL_SCENES, SMALL_SCENES
from sample_data.scenes import Scene, Shot, shoot, truth_rows, write_shot
from sample_data.sendings import plan_sendings
from sample_data.terrain import Terrain, make_terrain
from sample_data.tracks import Outbox
from sample_data.trails import Trails
from sample_data.trials import write_trials
from sample_data.truth import write_truth
from sample_data.zones import make_zones

DEFAULT_SEED = 2027
CAMPAIGN = "云岭-2026(模拟)"
CELL_M = 100.0
# Before the first patrols, so that an early satellite scene is a look of this campaign.
CAMPAIGN_START = date(2026, 3, 1)
BASEMAP = "basemap/basemap.mbtiles"
_FOLDERS = (
    *("areas", "units", "zones", "tracks", "surveys", "footprints", "landmarks", "trials"),
    *("basemap", "truth", "leads"),
)
# Drone pictures must end well inside the village they were flown for.
_INSIDE_M = 130.0


@dataclass(frozen=True, slots=True)
class CountySize:
    """How much county to make.

    Attributes:
        side_m, step_m: Side and cell of the terrain.
        flown: Share of each township's ground that a contractor's survey covers, smallest
            township first.
        max_zoom: Deepest zoom of the base map.
    """

    side_m: float
    step_m: float
    tree: TreeSize
    effort: Effort
    flown: tuple[float, ...]
    scenes: tuple[Scene, ...]
    max_zoom: int


FULL = CountySize(
    28_000,
    40,
    TreeSize(townships=6, village_km2=9.0, compartment_km2=2.7, reach_m=11_200),
    Effort(shares=(0.95, 0.85, 0.5, 0.3, 0.12, 0.02), spacing_m=125, outing_m=11_000),
    (0.97, 0.94, 0.91, 0.84, 0.655, 0.1),
    FULL_SCENES,
    14,
)
SMALL = CountySize(
    10_000,
    50,
    TreeSize(townships=3, village_km2=4.0, compartment_km2=1.3, reach_m=3_600),
    Effort(shares=(0.9, 0.4, 0.1), spacing_m=180, outing_m=3_000),
    (0.9, 0.4, 0.05),
    SMALL_SCENES,
    11,
)


def generate(folder: Path, *, seed: int = DEFAULT_SEED, size: CountySize = FULL) -> Manifest:
    """Write the whole sample county into a folder and return what was written.

    The same seed gives the same bytes. ``manifest.json`` is written last: a folder that has it
    is complete.

    Args:
        folder: Made when missing; what it holds from an earlier run is replaced.
        seed: Any whole number from 0.
        size: ``FULL`` for the demo, ``SMALL`` for quick tests.
    """
    for part in _FOLDERS:
        shutil.rmtree(folder / part, ignore_errors=True)
    (folder / "manifest.json").unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder)
    # One stream a part: what one part draws never changes another.
    ground, borders, places, walks, sending, fixes, odd, homes, flights, laid, leads = (
        np.random.default_rng([seed, part]) for part in range(11)
    )

    terrain = make_terrain(ground, side_m=size.side_m, step_m=size.step_m)
    tree = make_tree(terrain, borders, size.tree)
    write_areas(ledger, tree, terrain.crs)
    write_units(ledger, tree)
    write_roster(ledger, tree.units)

    sites = survey_sites(tree, len(size.scenes))
    licensed, planted = write_surveys(ledger, terrain, size.scenes, sites, seed)

    zones = make_zones(terrain, tree, licensed, places)
    write_features(ledger.path("zones/zones.geojson"), zones, terrain.crs)
    ledger.add("zones/zones.geojson", "zones", count=len(zones))

    trails = Trails(terrain)
    trails.build_roads(tree)
    patrols = plan_patrols(terrain, tree, trails, walks, size.effort)
    centres = [(site.x, site.y) for _, site in sites]
    days = [scene.taken.date() for scene in size.scenes]
    patrols += drone_flights(centres[:2], days[:2])
    outbox = Outbox(ledger, terrain, fixes)
    sent = [outbox.send(one) for one in plan_sendings(patrols, sending)]
    sent += [outbox.send(one) for one in odd_outings(tree, trails, odd)]
    send_copies(sent, outbox, odd)
    write_truth(ledger, outbox.truths)

    write_landmarks(ledger, terrain, tree, trails, homes)
    write_footprints(ledger, terrain, tree, size.flown, flights)
    write_trials(ledger, terrain, tree, laid)
    write_sites(ledger, terrain, tree, leads)
    write_targets(ledger, terrain, tree, planted, leads)
    write_dem(ledger.path("basemap/dem.tif"), terrain)
    ledger.add("basemap/dem.tif", "dem", crs=terrain.crs)
    write_basemap(ledger.path(BASEMAP), terrain, tree, trails, max_zoom=size.max_zoom)
    ledger.add(BASEMAP, "basemap")

    ledger.path("README.txt").write_text(NOTE + "\n", "utf-8")
    ledger.add("README.txt", "notes")
    manifest = Manifest(seed, terrain.crs, campaign(), tuple(ledger.files))
    write_manifest(folder, manifest)
    return manifest


def campaign() -> dict[str, object]:
    """Return the campaign that the tracks belong to."""
    return {
        "name": CAMPAIGN,
        "area_code": names.COUNTY_CODE,
        "start": CAMPAIGN_START.isoformat(),
        "end": SEASON_END.isoformat(),
        "cell_m": CELL_M,
    }


def survey_sites(tree: Tree, count: int) -> list[tuple[SampleArea, shapely.Point]]:
    """Return a village and a place well inside it for each scene, in different townships."""
    towns = sorted(tree.level("township"), key=lambda town: town.polygon.area)
    sites = []
    for number in range(count):
        # Searched ground, half-searched ground, ground nobody has walked.
        town = towns[round(number * (len(towns) - 1) / max(count - 1, 1))]
        village = max(tree.below(town.code, "village"), key=lambda area: area.polygon.area)
        inner = village.polygon.buffer(-_INSIDE_M)
        seat = shapely.Point(village.seat_xy)
        way = shapely.shortest_line(inner, seat)
        sites.append((village, shapely.Point(shapely.get_coordinates(way)[0])))
    return sites


def write_surveys(
    ledger: Ledger,
    terrain: Terrain,
    scenes: Sequence[Scene],
    sites: Sequence[tuple[SampleArea, shapely.Point]],
    seed: int,
) -> tuple[list[tuple[str, Polygon]], list[Polygon]]:
    """Write the orthomosaics and the truth; return the planted ground that has a licence, and all
    of it in the terrain's CRS.
    """
    rows: list[dict[str, Any]] = []
    licensed: list[tuple[str, Polygon]] = []
    for number, (scene, (village, site)) in enumerate(zip(scenes, sites, strict=True)):
        shot = shoot(scene, (site.x, site.y), terrain.crs, seed * 10 + number)
        relative = f"surveys/{scene.name}.tif"
        write_shot(ledger.path(relative), scene, shot)
        ledger.add(
            relative,
            "survey",
            taken=scene.taken.isoformat(),
            gsd_cm=round(scene.gsd_m * 100, 2),
            crs=shot.crs,
            village=village.code,
            patches=len(shot.planted),
        )
        rows += truth_rows(scene, shot, terrain.crs)
        licensed += _licensed(shot, terrain.crs)
    path = ledger.path("truth/patches.gpkg")
    frame = geopandas.GeoDataFrame(rows, geometry="geometry", crs=terrain.crs)
    with fixed_dates():
        pyogrio.write_dataframe(frame, path, layer="patches", driver="GPKG")
    ledger.add("truth/patches.gpkg", "truth", patches=len(rows))
    return licensed, [row["geometry"] for row in rows]


def _licensed(shot: Shot, crs: str) -> list[tuple[str, Polygon]]:
    return [
        (patch.wish.licensed, transform_geometry(shot.crs, crs, outline))
        for patch, outline in zip(shot.planted, shot.outlines, strict=True)
        if patch.wish.licensed
    ]


def inputs_for(
    folder: Path, *, tell: Callable[[Text], None], seed: int = DEFAULT_SEED
) -> tuple[Inputs, Path]:
    """Return what the pipeline takes in, and the base map; made first where it is missing."""
    manifest = read_manifest(folder)
    if manifest is None or manifest.seed != seed:
        tell(Text("正在生成模拟县数据(约一分钟)", "making the simulated county (about a minute)"))
        manifest = generate(folder, seed=seed)
    units = json.loads((folder / "units" / "units.json").read_text("utf-8"))["units"]
    plan = manifest.campaign

    def files(kind: FileKind) -> list[Path]:
        return [folder / file.path for file in manifest.of_kind(kind)]

    inputs = Inputs(
        units=[(unit["code"], unit["name"], unit["parent"]) for unit in units],
        areas=files("areas"),
        zones=files("zones"),
        campaign=CampaignPlan(
            plan["name"],
            plan["area_code"],
            date.fromisoformat(plan["start"]),
            date.fromisoformat(plan["end"]),
            plan["cell_m"],
        ),
        tracks=[
            (
                folder / file.path,
                TrackTags(
                    unit_code=file.about["unit"],
                    team=file.about["team"],
                    mode=Mode(file.about["mode"]),
                    day=date.fromisoformat(str(file.about["day"])),
                    person=file.about["person"],
                    headcount=file.about["headcount"],
                ),
            )
            for file in manifest.of_kind("track")
        ],
        surveys=files("survey"),
        roster=files("roster")[0],
        footprints=files("footprints"),
        landmarks=[
            (folder / file.path, file.about["landmark"]) for file in manifest.of_kind("landmarks")
        ],
        dem=files("dem")[0],
        sites=files("sites")[0],
        targets=files("targets")[0],
        trials=[
            (
                folder / file.path,
                folder / file.about["walk"],
                file.about["method"],
                date.fromisoformat(str(file.about["day"])),
            )
            for file in manifest.of_kind("trial")
        ],
    )
    return inputs, folder / BASEMAP
