"""Maps to plan patrols on: made up, seeded, with what makes planning hard."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas
import numpy as np
import shapely
from shapely import Polygon

from geoinspect.planning.records import HeightsAt, PlanCells, PlanOptions

CRS = "EPSG:4545"
WEST_COL, SOUTH_ROW = 5000, 37600


@dataclass(frozen=True)
class TrialMap:
    """A map, what the teams have, whether its risk is even; heights on steep ground."""

    name: str
    cells: PlanCells
    options: PlanOptions
    no_go: tuple[Polygon, ...] = ()
    even: bool = False
    heights: HeightsAt | None = None


def cells_of(risk, pod=None, *, keep=None, cell_m: float = 100.0) -> PlanCells:
    """Cells from arrays of shape (rows, cols), south first; those not kept are left out."""
    row, col = np.mgrid[0 : risk.shape[0], 0 : risk.shape[1]]
    keep = np.ones(risk.shape, bool) if keep is None else keep
    pod = np.zeros(risk.shape) if pod is None else pod
    return PlanCells(
        row=row[keep] + SOUTH_ROW,
        col=col[keep] + WEST_COL,
        cell_m=cell_m,
        area_m2=np.full(int(keep.sum()), cell_m**2),
        pod=pod[keep].astype(float),
        risk=risk[keep].astype(float),
        crs=CRS,
    )


def place(col: float, row: float, cell_m: float = 100.0) -> tuple[float, float]:
    """Metres of a place given in cells from the south-west corner."""
    return (WEST_COL + col) * cell_m, (SOUTH_ROW + row) * cell_m


def block(col: float, row: float, wide: float, high: float, cell_m: float = 100.0) -> Polygon:
    """A rectangle given in cells."""
    (west, south), (east, north) = place(col, row, cell_m), place(col + wide, row + high, cell_m)
    return shapely.box(west, south, east, north)


def surface(kind: str, n: int, random: np.random.Generator) -> np.ndarray:
    """Relative risk of n × n cells: clusters, ridges, both, single hot cells, or even."""
    row, col = np.mgrid[0:n, 0:n]
    if kind == "even":
        return np.ones((n, n))
    risk = np.full((n, n), 0.1)
    if kind in ("clusters", "mixture"):
        for _ in range(random.integers(4, 10)):
            y, x = random.uniform(0, n, 2)
            size = random.uniform(1.5, 4)
            risk += random.uniform(1, 6) * np.exp(
                -((row - y) ** 2 + (col - x) ** 2) / (2 * size**2)
            )
    if kind in ("ridges", "mixture"):
        for _ in range(3):
            turn, off = random.uniform(0, np.pi), random.uniform(-n / 3, n / 3)
            across = (col - n / 2) * np.cos(turn) + (row - n / 2) * np.sin(turn) - off
            risk += random.uniform(1, 3) * np.exp(-(across**2) / (2 * 1.2**2))
    if kind == "spots":
        hot = random.random((n, n)) < 0.03
        risk[hot] += random.uniform(2, 8, int(hot.sum()))
    return risk


def trial_map(
    name: str, seed: int, *, kind: str, n: int = 50, teams: int = 1, hours: float = 6.0,
    walked: float = 0.3, ragged: bool = False, fenced: bool = False, cell_m: float = 100.0,
    width_m: float = 20.0, iterations: int = 200_000,
) -> TrialMap:  # fmt: skip
    """A seeded map: partly walked, perhaps with a ragged border and no-go ground."""
    random = np.random.default_rng(seed)
    risk = surface(kind, n, random)
    pod = np.where(random.random((n, n)) < walked, random.uniform(0, 0.95, (n, n)), 0.0)
    keep = np.ones((n, n), bool)
    if ragged:
        row, col = np.mgrid[0:n, 0:n]
        turn = np.arctan2(row - n / 2, col - n / 2)
        rim = n / 2 * (0.8 + 0.15 * np.sin(3 * turn + seed) + 0.05 * np.sin(11 * turn))
        keep = np.hypot(row - n / 2, col - n / 2) < rim
    starts = tuple(place(*random.uniform(0.25 * n, 0.75 * n, 2), cell_m) for _ in range(teams))
    no_go: tuple[Polygon, ...] = ()
    if fenced:
        boxes = [
            block(*random.uniform(0, 0.85 * n, 2), *random.uniform(1, 0.15 * n, 2), cell_m)
            for _ in range(6)
        ]
        clear = [b for b in boxes if all(b.distance(shapely.Point(s)) > cell_m for s in starts)]
        no_go = tuple(clear)
    options = PlanOptions(
        starts, teams=teams, hours=hours, width_m=width_m, seed=seed, iterations=iterations
    )
    cells = cells_of(risk, pod, keep=keep, cell_m=cell_m)
    return TrialMap(name, cells, options, no_go, kind == "even")


def mountains(seed: int, slope: float = 0.35) -> HeightsAt:
    """Seeded ridges and valleys 0.6 to 3 km apart with a root mean square slope along any line."""
    random = np.random.default_rng(seed)
    waves = 8
    turn, phase = random.uniform(0, np.pi, waves), random.uniform(0, 2 * np.pi, waves)
    rate = 2 * np.pi / random.uniform(600, 3000, waves)
    # Each wave's mean square slope along x and along y is (size · rate)² / 4 on average.
    size = slope * 2 / np.sqrt(waves) / rate

    def at(x, y):
        west, south = place(0, 0)
        along = np.outer(x - west, np.cos(turn)) + np.outer(y - south, np.sin(turn))
        return (size * np.sin(along * rate + phase)).sum(axis=1)

    return at


def steep_maps(iterations: int = 200_000) -> list[TrialMap]:
    """8 maps on steep ground, of unequal risk and even, with and without no-go ground."""
    kinds = ("clusters", "ridges", "mixture", "spots", "even")
    maps = []
    for i in range(8):
        trial = trial_map(
            f"steep {kinds[i % 5]} {i + 1}",
            300 + i,
            kind=kinds[i % 5],
            n=(40, 60, 80, 120)[i % 4],
            teams=(4, 1, 2, 3)[(i + i // 4) % 4],
            walked=(0.0, 0.3)[i % 2],
            fenced=i % 3 == 1,
            iterations=iterations,
        )
        maps.append(replace(trial, heights=mountains(400 + i, (0.25, 0.4)[i // 4])))
    return maps


def trial_maps(iterations: int = 200_000) -> list[TrialMap]:
    """24 maps of unequal risk and 4 even ones."""
    kinds = ("clusters", "ridges", "mixture", "spots")
    maps = []
    for i in range(24):
        kind = kinds[i % 4]
        maps.append(
            trial_map(
                f"{kind} {i + 1}",
                100 + i,
                kind=kind,
                n=(30, 50, 80, 120)[(i // 4) % 4],
                teams=1 + (i // 2) % 4,
                hours=(4.0, 6.0, 8.0)[i % 3],
                walked=(0.0, 0.3, 0.6)[(i // 3) % 3],
                ragged=i % 5 == 2,
                fenced=i % 4 == 3 or i % 7 == 1,
                cell_m=(100.0, 100.0, 50.0, 200.0)[(i // 6) % 4],
                iterations=iterations,
            )
        )
    for i in range(4):
        maps.append(
            trial_map(
                f"even {i + 1}", 200 + i, kind="even", n=(20, 40, 60, 100)[i], teams=1 + i,
                walked=(0.0, 0.3)[i % 2], iterations=iterations,
            )
        )  # fmt: skip
    return maps


def as_file(cells: PlanCells, path) -> None:
    """Write cells as ``coverage measure`` does, with the field ``risk`` beside."""
    west, south = cells.col * cells.cell_m, cells.row * cells.cell_m
    geopandas.GeoDataFrame(
        {
            "cell_id": [f"{r}_{c}" for r, c in zip(cells.row, cells.col, strict=True)],
            "row": cells.row,
            "col": cells.col,
            "area_m2": cells.area_m2,
            "seen_fraction": (cells.pod > 0).astype(float),
            "length_m": np.zeros(len(cells.row)),
            "coverage": -np.log1p(-cells.pod),
            "pod": cells.pod,
            "risk": cells.risk,
        },
        geometry=shapely.box(west, south, west + cells.cell_m, south + cells.cell_m),
        crs=cells.crs,
    ).to_file(path, layer="cells", driver="GPKG", engine="pyogrio")
