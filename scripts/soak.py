"""Long campaigns: break things on purpose for as long as one has time, and count."""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import api_fuzz
import audit_tampering
import batch_kills
import big_upload
import case_kills
import case_season
import coverage_worlds
import fifty_senders
import held_lines
import job_kills
import seasons
import slow_link
import track_fuzz
import upload_faults
import web_kills
from county_api import make_county

from geoinspect.errors import GeoInspectError
from geoinspect.ingest.areas import read_areas
from geoinspect.ingest.rasters import read_info
from geoinspect.settings import load_settings
from geoinspect.store import audit, people
from geoinspect.store.workspace import Workspace

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SETTINGS = load_settings()


def mutated(data: bytes, random_: random.Random) -> bytes:
    """Return the bytes with a few random wounds: flips, cuts, repeats, insertions."""
    wounded = bytearray(data)
    for _ in range(random_.randint(1, 8)):
        if not wounded:
            break
        at = random_.randrange(len(wounded))
        kind = random_.randrange(5)
        if kind == 0:
            wounded[at] ^= 1 << random_.randrange(8)
        elif kind == 1:
            del wounded[at : at + random_.randint(1, 200)]
        elif kind == 2:
            wounded[at:at] = wounded[at : at + random_.randint(1, 200)]
        elif kind == 3:
            wounded[at:at] = random_.randbytes(random_.randint(1, 20))
        else:
            del wounded[at:]
    return bytes(wounded)


def fuzz(files: list[Path], read: Callable[[Path], object], minutes: float, seed: int) -> int:
    """Feed mutated files to a reader; return 1 when anything but our own error came out."""
    random_, counts = random.Random(seed), Counter[str]()
    end, slowest_s = time.monotonic() + minutes * 60, 0.0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            source = random_.choice(files)
            path = Path(folder) / f"case{source.suffix}"
            path.write_bytes(mutated(source.read_bytes(), random_))
            start = time.monotonic()
            try:
                read(path)
                counts["read"] += 1
            except GeoInspectError:
                counts["refused"] += 1
            except Exception as error:  # noqa: BLE001 - whatever else comes out is the find
                counts["FAILED"] += 1
                print(f"{source.name}: {type(error).__name__}: {error}", file=sys.stderr)
            slowest_s = max(slowest_s, time.monotonic() - start)
    print(f"{sum(counts.values())} files, {dict(counts)}, slowest {slowest_s:.2f} s, seed {seed}")
    return int(counts["FAILED"] > 0)


def tracks(minutes: float, seed: int, reader: str | None = None, cases: int | None = None) -> int:
    """Mutate track files reader by reader; all readers share the minutes."""
    folder = SHARED / "tracks"
    known = sorted(track_fuzz.seeds(folder))
    if reader is not None and reader not in known:
        print(f"no reader {reader!r}: {', '.join(known)}", file=sys.stderr)
        return 2
    chosen = [reader] if reader is not None else known
    share = minutes / len(chosen)
    failed = [track_fuzz.campaign(name, folder, seed, share, cases, SETTINGS) for name in chosen]
    return int(any(failed))


def rasters(minutes: float, seed: int) -> int:
    """Mutate every shared raster."""
    return fuzz(
        sorted((SHARED / "imagery").glob("*.tif")),
        lambda p: read_info(p, settings=SETTINGS),
        minutes,
        seed,
    )


def areas(minutes: float, seed: int) -> int:
    """Mutate the sample county's boundary files."""
    from sample_data import generate

    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        files = [p for p in Path(folder).rglob("*") if p.suffix in {".geojson", ".gpkg", ".zip"}]
        return fuzz(files, read_areas, minutes, seed)


WRITER = """
import sys
from pathlib import Path
from geoinspect.intake import process, receive
from geoinspect.store.workspace import Workspace
workspace, n = Workspace.open(Path(sys.argv[1])), 0
data = Path(sys.argv[2]).read_bytes()
while True:
    n += 1
    unique = data.replace(b"</gpx>", f"<!-- {sys.argv[3]} {n} --></gpx>".encode())
    row = receive(workspace, [unique], name=f"{n}.gpx", user_id=1, actor="u", max_mb=10)
    print(row.id, flush=True)
    process(workspace, row.id, actor="u")
"""


def kills(minutes: float, seed: int) -> int:
    """Kill -9 at random moments, half of the time what uploads and half of it what imports many
    files; every receipt must still stand, every file must be in once.
    """
    random_ = random.Random(seed)
    lost = upload_kills(minutes / 2, random_)
    faults = batch_kills.campaign(minutes / 2, random_)
    print(f"seed {seed}")
    return int(lost or faults > 0)


def upload_kills(minutes: float, random_: random.Random) -> bool:
    """Kill an uploading process; return whether a receipt that it printed does not stand."""
    receipts, rounds, lost = [], 0, 0
    track = SHARED / "tracks" / "syn_gap.gpx"
    with tempfile.TemporaryDirectory() as folder:
        with (
            Workspace.create(Path(folder) / "w") as workspace,
            workspace.database.writing() as session,
        ):
            people.add_user(session, name="u", role="field", unit_code=None, password="long enough")
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            rounds += 1
            child = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    textwrap.dedent(WRITER),
                    f"{folder}/w",
                    str(track),
                    str(rounds),
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert child.stdout is not None
            receipts.append(child.stdout.readline().strip())
            time.sleep(random_.uniform(0, 0.4))
            os.kill(child.pid, signal.SIGKILL)
            receipts += child.stdout.read().split()
            child.wait()
        with (
            Workspace.open(Path(folder) / "w") as workspace,
            workspace.database.reading() as session,
        ):
            for receipt in filter(None, receipts):
                try:
                    kept = people.upload(session, receipt).file
                    lost += not workspace.vault.path_of(kept.sha256).is_file()
                except GeoInspectError:
                    lost += 1
            rows, _ = audit.verify(session)
            healthy = workspace.database.integrity()
    print(
        f"uploads: {rounds} kills, {len(receipts)} receipts, {lost} lost, audit {rows} rows, integrity {healthy}"
    )
    return lost > 0 or healthy != "ok"


def worlds(cases: int | None, seed: int) -> int:
    """Sweep random worlds both ways beside shapely; return 1 when one is out of bounds."""
    return coverage_worlds.campaign(cases or 1000, seed)


def live_seasons(cases: int | None, seed: int, *, write: bool) -> int:
    """Live seasons whose truth is known; return 1 when claims are not calibrated."""
    return seasons.campaign(cases or 250, seed, write=write)


def tampering(cases: int | None, seed: int) -> int:
    """Tamper with an office's records; return 1 when a tampering was not found and named."""
    return audit_tampering.report(cases or 10_000, seed)


def killed_cases(kills: int | None, seed: int) -> int:
    """Kill submissions to cases; return 1 when an acknowledged one was lost or one was doubled."""
    with tempfile.TemporaryDirectory() as folder:
        found = case_kills.campaign(kills or 500, Path(folder), seed=seed)
    print(found)
    return int(bool(found["faults"]))


def killed_server(kills: int | None, seed: int) -> int:
    """Kill the web server while people send; return 1 when anything was lost or doubled."""
    with tempfile.TemporaryDirectory() as folder:
        found = web_kills.campaign(kills or 500, Path(folder), seed=seed)
    print(found)
    return int(bool(found["faults"]))


def killed_jobs(kills: int | None, seed: int) -> int:
    """Kill web server and job worker while files are sent; return 1 for anything lost or doubled."""
    with tempfile.TemporaryDirectory() as folder:
        found = job_kills.campaign(kills or 200, Path(folder), seed=seed)
    print(found)
    return int(bool(found["faults"]))


def broken_uploads(kills: int | None, seed: int) -> int:
    """Send by tus over broken lines to a killed server; return 1 for anything lost or doubled."""
    with tempfile.TemporaryDirectory() as folder:
        found = upload_faults.campaign(kills or 300, Path(folder), seed=seed)
    print(found)
    return int(bool(found["faults"]))


def slow_lines(rounds: int | None, seed: int) -> int:
    """Send over lines of 64 kbit/s that lose packets; return 1 for anything lost or doubled."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = slow_link.campaign(rounds or 1, Path(folder), seed=seed)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 2
    print(found)
    return int(bool(found["faults"]))


def many_senders(side_px: int | None, seed: int) -> int:
    """Fifty send while a raster is looked through; return 1 for anything lost or refused."""
    with tempfile.TemporaryDirectory() as folder:
        side_px = side_px or fifty_senders.SIDE_PX
        found = fifty_senders.campaign(Path(folder), side_px=side_px, seed=seed)
    print(found)
    return int(bool(found["faults"]))


def lines_held(number: int | None) -> int:
    """Hold lines half-way in every state; return 1 where somebody else was not answered."""
    with tempfile.TemporaryDirectory() as folder:
        found = held_lines.campaign(Path(folder), number=number or held_lines.LINES)
    print(found)
    return int(bool(found["faults"]))


def big_raster(size_gb: int | None) -> int:
    """Send a raster of so many GB over a kill; return 1 for anything lost."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = big_upload.campaign(Path(folder), size_gb=size_gb or 20)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 2
    print(found)
    return int(bool(found["faults"]))


def fuzzed_api(examples: int | None, seed: int) -> int:
    """Ask every address of the API what is right and what is wrong; return 1 for any fault."""
    with tempfile.TemporaryDirectory() as folder:
        county = make_county(Path(folder))
        return api_fuzz.report(api_fuzz.campaign(county, examples=examples or 200, seed=seed))


def case_seasons(cases: int | None, seed: int) -> int:
    """Live a season of cases; return 1 when the workspace and the ledgers differ."""
    number = cases or 400
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(
                case_season.season(
                    Path(folder) / "w",
                    number=number,
                    units=12,
                    editors=4,
                    steps=15 * number,
                    seed=seed,
                )
            )
        except AssertionError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


TIMED = {"tracks": tracks, "rasters": rasters, "areas": areas, "kills": kills}
COUNTED = (
    *("worlds", "seasons", "audit-tampering", "case-kills", "web-kills", "job-kills"),
    *("case-season", "upload-faults", "api-fuzz", "slow-link", "fifty-senders"),
    *("held-lines", "big-upload"),
)


def main() -> int:
    """Run one campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("campaign", choices=[*TIMED, *COUNTED])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reader", help="tracks: one reader only, such as csv")
    parser.add_argument(
        "--cases",
        type=int,
        help="tracks: so many files a reader, not minutes; worlds; tamperings; kills; seasons: counties by each way",
    )
    parser.add_argument("--write", action="store_true", help="seasons: put them into docs")
    chosen = parser.parse_args()
    if chosen.campaign == "tracks":
        return tracks(chosen.minutes, chosen.seed, chosen.reader, chosen.cases)
    if chosen.campaign == "worlds":
        return worlds(chosen.cases, chosen.seed)
    if chosen.campaign == "audit-tampering":
        return tampering(chosen.cases, chosen.seed)
    if chosen.campaign == "case-kills":
        return killed_cases(chosen.cases, chosen.seed)
    if chosen.campaign == "web-kills":
        return killed_server(chosen.cases, chosen.seed)
    if chosen.campaign == "job-kills":
        return killed_jobs(chosen.cases, chosen.seed)
    if chosen.campaign == "upload-faults":
        return broken_uploads(chosen.cases, chosen.seed)
    if chosen.campaign == "slow-link":
        return slow_lines(chosen.cases, chosen.seed)
    if chosen.campaign == "fifty-senders":
        return many_senders(chosen.cases, chosen.seed)
    if chosen.campaign == "held-lines":
        return lines_held(chosen.cases)
    if chosen.campaign == "big-upload":
        return big_raster(chosen.cases)
    if chosen.campaign == "api-fuzz":
        return fuzzed_api(chosen.cases, chosen.seed)
    if chosen.campaign == "case-season":
        return case_seasons(chosen.cases, chosen.seed)
    if chosen.campaign == "seasons":
        return live_seasons(chosen.cases, chosen.seed, write=chosen.write)
    return TIMED[chosen.campaign](chosen.minutes, chosen.seed)


if __name__ == "__main__":
    sys.exit(main())
