"""Prove each rule of cleaning on tracks with known dirt, beside peers; prints Markdown.

``--tracks N`` on foot of each kind (200) and a quarter of that of each other mode; ``--real
FOLDER`` adds what the rules flag on real files.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import cleaning_peers
import numpy as np
from cleaning_scores import SETTINGS, Case, Score, case, cleaned, pooled, scored
from track_dirt import KINDS, STAND
from true_ways import F8

from geoinspect.errors import GeoInspectError
from geoinspect.ingest.cleaning import clean
from geoinspect.ingest.tracks import read_track
from geoinspect.records import Mode, Rule

Methods = dict[str, Score]
BEST, RAW, OURS = "best possible", "raw", "geoinspect"
# A file that loses more than this share is looked at by a person.
NOTABLE = 0.02


def ours(mode: Mode, kind: str, seed: int) -> Methods:
    """Score our cleaner on one track, beside nothing done and all done."""
    track = case(kind, mode, seed)
    done = cleaned(track, mode=mode)
    nothing = np.zeros(len(track.fixes), np.uint8)
    return {
        BEST: scored(track, nothing, track.best.segments()),
        RAW: scored(track, nothing, track.fixes.segments()),
        OURS: scored(track, np.concatenate(done.flags), done.segments),
    }


def beside_peers(kind: str, seed: int) -> Methods:
    """Score our cleaner and all peers on one walk."""
    track = case(kind, Mode.FOOT, seed)
    done = cleaned(track, mode=Mode.FOOT)
    found = {OURS: scored(track, np.concatenate(done.flags), done.segments, ground=False)}
    for name, peer in cleaning_peers.PEERS.items():
        flags, left = cleaning_peers.peer_flags(track.fixes, peer, track.limit_mps)
        found[name] = scored(track, flags, left, ground=False)
    moving_m = cleaning_peers.moving_m(track.fixes.segments())
    error = np.array([moving_m / track.true_m - 1])
    found["gpxpy moving distance"] = Score(0, 0, 0, 0, 0, 0, 0, error, np.empty(0), np.empty(0))
    return found


def stop_counts(kind: str, seed: int) -> dict[str, F8]:
    """Return for us and for movingpandas: true stands, those found, stops where none was."""
    track = case(kind, Mode.FOOT, seed)
    done = cleaned(track, mode=Mode.FOOT)
    theirs = [
        span
        for segment in track.fixes.segments()
        for span in cleaning_peers.stops(segment, SETTINGS.stop_radius_m, SETTINGS.stop_min_s)
    ]
    return {
        OURS: _stops(track, [(stop.start_s, stop.end_s) for stop in done.stops]),
        "movingpandas": _stops(track, theirs),
    }


def _stops(track: Case, spans: Sequence[tuple[float, float]]) -> F8:
    """Count the true stands, the stands half of which is in a stop, and the stops less than half
    of which is a stand.
    """
    time_s, still = track.sound.time_s, track.sound.dirt == Rule.JITTER.number
    inside = np.zeros(len(time_s), dtype=bool)
    invented = 0
    for begin_s, end_s in spans:
        here = (time_s >= begin_s) & (time_s <= end_s)
        inside |= here
        invented += bool(here.any()) and still[here].mean() < 0.5
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still, [0]]))).reshape(-1, 2)
    found = sum(inside[begin:end].mean() >= 0.5 for begin, end in edges.tolist())
    return np.array([len(edges), found, invented])


def inferred(mode: Mode, seed: int) -> bool:
    """Return whether the mode of a spoilt track is inferred rightly."""
    return cleaned(case("everything", mode, seed), mode=None).mode is mode


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=200)
    parser.add_argument("--real", type=Path)
    asked = parser.parse_args()
    tables = [
        ("Each kind of dirt", kinds_table),
        ("Beside peers, on foot", peers_table),
        ("Stops", stops_table),
        ("The mode when none is declared", modes_table),
    ]
    with Pool(2) as pool:
        for title, table in tables:
            print(f"\n### {title}\n")
            for line in table(pool.map, asked.tracks):
                print(line, flush=True)
    if asked.real is not None:
        print("\n### Real files\n", *real_table(asked.real), sep="\n")


def kinds_table(run: Callable, tracks: int) -> Iterator[str]:
    """Our own figures by mode and kind."""
    yield from _head(
        "mode", "kind", "bad fixes", "found", "by its rule", "good flagged", "in yards",
        "length raw", "cleaned", "best possible", "ground invented", "lost",
    )  # fmt: skip
    for mode in Mode:
        count = tracks if mode is Mode.FOOT else max(tracks // 4, 1)
        for kind in KINDS:
            rows = run(partial(ours, mode, kind), range(count))
            best, raw, own = (pooled([row[name] for row in rows]) for name in (BEST, RAW, OURS))
            yield _row(
                mode.value,
                kind,
                own.dirty,
                _share(own.found, own.dirty),
                _share(own.named, own.dirty),
                _share(own.wrong, own.good),
                _share(own.yard_wrong, own.yard),
                *(_spread(score.length_error) for score in (raw, own, best)),
                f"{100 * own.invented.mean():.2f} %",
                f"{100 * own.lost.mean():.2f} %",
            )


def peers_table(run: Callable, tracks: int) -> Iterator[str]:
    """Each method on the same walks."""
    names = [OURS, *cleaning_peers.PEERS, "gpxpy moving distance"]
    yield from _head("kind", *names)
    for kind in KINDS:
        rows = run(partial(beside_peers, kind), range(tracks))
        cells = []
        for name in names:
            score = pooled([row[name] for row in rows])
            shares = (_share(score.found, score.dirty), _share(score.wrong, score.good))
            cells.append(" · ".join([*shares, _spread(score.length_error)]))
        yield _row(kind, *cells)


def stops_table(run: Callable, tracks: int) -> Iterator[str]:
    """Stands found and stops made up."""
    yield from _head("kind", "method", "stands of two minutes", "found", "stops where none was")
    for kind in ("no dirt", STAND, "everything"):
        rows = run(partial(stop_counts, kind), range(tracks))
        for name in rows[0]:
            stands, found, invented = sum(row[name] for row in rows).astype(int).tolist()
            yield _row(kind, name, stands, _share(found, stands), invented)


def modes_table(run: Callable, tracks: int) -> Iterator[str]:
    """Modes inferred rightly from spoilt tracks: only foot and vehicle are ever inferred."""
    yield from _head("mode", "inferred rightly")
    for mode in (Mode.FOOT, Mode.VEHICLE):
        right = run(partial(inferred, mode), range(tracks))
        yield _row(mode.value, _share(sum(right), len(right)))


def real_table(folder: Path) -> Iterator[str]:
    """What the rules flag on the real tracks of a folder, mode inferred."""
    yield from _head("file", "points", "mode", "flagged", "by rule")
    files = points = quiet = 0
    for path in sorted(folder.iterdir()):
        if path.name.startswith(("syn_", "hostile_", "expected", "LICENCES")):
            continue
        try:
            segments = read_track(path, settings=SETTINGS).segments
        except GeoInspectError:
            continue
        done = clean(segments, mode=None, settings=SETTINGS)
        count, flagged = sum(map(len, segments)), sum(done.flagged.values())
        files, points = files + 1, points + count
        if flagged <= NOTABLE * count:
            quiet += 1
            continue
        rules = ", ".join(f"{rule} {number}" for rule, number in done.flagged.items())
        yield _row(path.name, count, done.mode.value, _share(flagged, count), rules)
    yield f"\n{files} files with {points:,} points read; {quiet} of them lose {NOTABLE:.0%} or less."


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _spread(errors: F8) -> str:
    """Return the median and the 95th percentile of the amounts of errors."""
    return "{:.1f} / {:.1f} %".format(*(100 * np.quantile(np.abs(errors), [0.5, 0.95])))


if __name__ == "__main__":
    main()
