"""The whole line: files in, patches, gaps and coverage out; stopped anywhere, run again, counted once."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from datetime import date
from pathlib import Path

import county_builder as county
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from raster_builders import Planted, grass, write_raster

from geoinspect import crs as crs_
from geoinspect import pipeline
from geoinspect.cell_story import cell_report
from geoinspect.errors import StoreError, TooLargeError
from geoinspect.intake import Intake, TrackTags, process, receive
from geoinspect.records import Mode
from geoinspect.snapshot import SnapshotCache, take_snapshot
from geoinspect.store import audit, grounds, people, sightings
from geoinspect.store.workspace import Workspace


def quiet(_: object) -> None:
    """Say nothing."""


def survey_in_the_county(path: Path) -> Path:
    """A 45 m × 45 m meadow at 5 cm with one planted patch, in the western township."""
    corner = np.array([county.WEST + 0.006]), np.array([county.SOUTH + 0.012])
    x, y = crs_.transform_xy(crs_.WGS84, "EPSG:4545", *corner)
    transform = Affine(0.05, 0, round(float(x[0])), 0, -0.05, round(float(y[0])))
    pixels = grass(900, 900, [Planted(300, 340, 90, 90)])
    write_raster(path, pixels, transform=transform, crs="EPSG:4545")
    with rasterio.open(path, "r+", driver="GTiff") as picture:
        picture.update_tags(TIFFTAG_DATETIME="2026:05:10 10:00:00")
    return path


@pytest.fixture
def inputs(tmp_path: Path) -> pipeline.Inputs:
    county.write_county(tmp_path)
    (tmp_path / "a.gpx").write_text(county.gpx(county.walk()), "utf-8")
    (tmp_path / "b.gpx").write_text(county.gpx(county.walk(offset=0.003)), "utf-8")
    (tmp_path / "copy.gpx").write_bytes((tmp_path / "a.gpx").read_bytes())
    (tmp_path / "page.gpx").write_text("<html></html>", "utf-8")
    survey_in_the_county(tmp_path / "meadow.tif")
    (tmp_path / "broken.tif").write_bytes((tmp_path / "meadow.tif").read_bytes()[:3000])
    tags = TrackTags(mode=Mode.FOOT, team="一组")
    return pipeline.Inputs(
        units=[("U1", "东镇政府", None)],
        areas=[tmp_path / "county.geojson"],
        zones=[],
        campaign=pipeline.CampaignPlan(
            "春季", "990100", date(2026, 4, 1), date(2026, 6, 30), 100.0
        ),
        tracks=[(tmp_path / name, tags) for name in ("a.gpx", "page.gpx", "b.gpx", "copy.gpx")],
        surveys=[tmp_path / "meadow.tif", tmp_path / "broken.tif"],
    )


def test_files_in_numbers_out_and_again_the_same(tmp_path: Path, inputs: pipeline.Inputs) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        first = pipeline.run(workspace, inputs, actor="t", tell=quiet).as_json()
        again = pipeline.run(workspace, inputs, actor="t", tell=quiet).as_json()
        with workspace.database.reading() as session:
            assert audit.verify(session)[0] > 5
    assert first["tracks"] == 2
    assert first["surveys"] == 1
    assert first["patches"] >= 1
    assert first["duplicates"] == 1
    assert {r["file"] for r in first["refused"]} == {"page.gpx", "broken.tif"}
    assert first["gaps"] >= 2
    assert first["touched"] > 60
    for key in ("patches", "gaps", "seen_m2", "touched", "covered", "cleared", "tracks", "surveys"):
        assert again[key] == first[key], key


def test_killed_anywhere_it_ends_the_same_when_run_again(
    tmp_path: Path, inputs: pipeline.Inputs
) -> None:
    with Workspace.create(tmp_path / "whole") as workspace:
        whole = pipeline.run(workspace, inputs, actor="t", tell=quiet).as_json()
    script = textwrap.dedent(
        """
        import pickle, sys
        from pathlib import Path
        from geoinspect import pipeline
        from geoinspect.store.workspace import Workspace
        inputs = pickle.loads(Path(sys.argv[2]).read_bytes())
        print("go", flush=True)
        with Workspace.create(Path(sys.argv[1])) as workspace:
            pipeline.run(workspace, inputs, actor="t", tell=lambda text: None)
        """
    )
    (tmp_path / "inputs").write_bytes(pickle.dumps(inputs))
    for delay_s in (0.1, 0.5, 0.9, 1.4):
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "w"), str(tmp_path / "inputs")],
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(delay_s)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
    with Workspace.create(tmp_path / "w") as workspace:
        assert workspace.database.integrity() == "ok"
        ended = pipeline.run(workspace, inputs, actor="t", tell=quiet).as_json()
        with workspace.database.reading() as session:
            audit.verify(session)
    for key in ("patches", "gaps", "seen_m2", "touched", "tracks", "surveys"):
        assert ended[key] == whole[key], key


def test_what_people_send_is_receipted_then_understood(
    tmp_path: Path, inputs: pipeline.Inputs
) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        pipeline.add_ground(workspace, inputs, actor="t", tell=quiet)
        campaign_id = pipeline.find_or_make_campaign(workspace, inputs.campaign, actor="t")
        with workspace.database.writing() as session:
            user = people.add_user(
                session, name="u", role="field", unit_code=None, password="long enough"
            ).id
        cache = SnapshotCache(workspace)
        before = cache.get(campaign_id)
        assert cache.get(campaign_id) is before

        def data_of(name: str) -> bytes:
            return (tmp_path / name).read_bytes()

        def send(name: str) -> dict[str, object]:
            data = (tmp_path / name).read_bytes()
            row = receive(workspace, [data], name=name, user_id=user, actor="u", max_mb=50)
            result = process(workspace, row.id, actor="u")
            with workspace.database.reading() as session:
                kept = people.upload(session, row.id)
                assert kept.status == result.status
                assert workspace.vault.path_of(kept.file.sha256).read_bytes() == data
            return {"status": result.status, "zh": result.summary.zh, "problems": result.problems}

        assert send("page.gpx")["status"] == "refused"
        assert send("a.gpx")["status"] == "added"
        again = receive(
            workspace, [data_of("a.gpx")], name="copy.gpx", user_id=user, actor="u", max_mb=50
        )
        first = receive(
            workspace, [data_of("a.gpx")], name="a.gpx", user_id=user, actor="u", max_mb=50
        )
        assert again.id == first.id
        assert process(workspace, again.id, actor="u").status == "duplicate"
        with workspace.database.reading() as session:
            assert people.upload(session, again.id).status == "added"
        picture = send("meadow.tif")
        assert picture["status"] == "added"
        assert "疑似图斑" in str(picture["zh"])
        assert send("broken.tif")["status"] == "refused"
        after = cache.get(campaign_id)
        assert after.version != before.version
        assert after.sums["990100"].touched > before.sums["990100"].touched
        with pytest.raises(TooLargeError):
            receive(workspace, [b"x" * 2_000_000], name="x", user_id=user, actor="u", max_mb=1)


def test_a_cell_tells_who_was_there(tmp_path: Path, inputs: pipeline.Inputs) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        report = pipeline.run(workspace, inputs, actor="t", tell=quiet)
        lon, lat = county.walk()[100]
        with workspace.database.reading() as session:
            cell = cell_report(session, report.snapshot, float(lon), float(lat))
            assert cell is not None
            assert cell["state"] == "touched"
            assert cell["visits"][0]["team"] == "一组"
            assert [area["level"] for area in cell["areas"]][:2] == ["county", "township"]
            assert cell_report(session, report.snapshot, 10.0, 50.0) is None
            earlier = take_snapshot(workspace, report.snapshot.campaign_id, as_of=date(2026, 5, 1))
            assert earlier.sums["990100"].touched == 0


def test_patches_lie_on_the_map_where_they_lie_on_the_raster(
    tmp_path: Path, inputs: pipeline.Inputs
) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        pipeline.run(workspace, inputs, actor="t", tell=quiet)
        with workspace.database.reading() as session:
            rows, total = sightings.patches_in(session, None, limit=10)
            survey = sightings.surveys(session)[0]
            assert total == len(rows) >= 1
            assert [row.rank for row in rows] == list(range(1, len(rows) + 1))
            assert survey.geometry.buffer(1e-6).contains(rows[0].geometry)
            west, south, east, north = rows[0].geometry.bounds
            assert sightings.patches_in(session, (west, south, east, north), limit=5)[1] >= 1
            assert sightings.patches_in(session, (0, 0, 1, 1), limit=5)[1] == 0
            whole = (county.WEST, county.SOUTH, county.WEST + 0.04, county.SOUTH + 0.02)
            assert len(sightings.tracks_in(session, whole, limit=50)) == 2
            assert sightings.patches_in(session, whole, limit=50)[1] == total


def test_untimed_tracks_count_only_with_a_day(tmp_path: Path, inputs: pipeline.Inputs) -> None:
    (tmp_path / "untimed.gpx").write_text(county.gpx(county.walk(), start=None), "utf-8")
    with Workspace.create(tmp_path / "w") as workspace:
        pipeline.add_ground(workspace, inputs, actor="t", tell=quiet)
        campaign_id = pipeline.find_or_make_campaign(workspace, inputs.campaign, actor="t")
        intake = Intake(workspace, actor="t")
        told = intake.add_track(tmp_path / "untimed.gpx")
        assert "no_day" in {problem.code for problem in told.problems}
        assert take_snapshot(workspace, campaign_id).sums["990100"].touched == 0
        (tmp_path / "dated.gpx").write_text(
            county.gpx(county.walk(offset=0.001), start=None), "utf-8"
        )
        intake.add_track(tmp_path / "dated.gpx", tags=TrackTags(day=date(2026, 5, 2)))
        assert take_snapshot(workspace, campaign_id).sums["990100"].touched > 0


def test_a_county_without_anything_is_whole_gap(tmp_path: Path, inputs: pipeline.Inputs) -> None:
    bare = pipeline.Inputs(inputs.units, inputs.areas, (), inputs.campaign)
    with Workspace.create(tmp_path / "w") as workspace:
        report = pipeline.run(workspace, bare, actor="t", tell=quiet)
        total = report.snapshot.sums["990100"]
        assert total.unseen == total.cells
        assert total.unseen_m2 == pytest.approx(total.area_m2)
        assert report.snapshot.data_until is None
        with workspace.database.reading() as session:
            county_m2 = grounds.area(session, "990100").area_m2
        # Gauss-Krüger near its central meridian keeps areas within 0.1 %.
        assert total.area_m2 == pytest.approx(county_m2, rel=1e-3)
        gaps = shapely.union_all([report.snapshot.outline(gap) for gap in report.snapshot.gaps])
        assert gaps.area == pytest.approx(total.area_m2, rel=1e-6)


def test_a_corrupted_workspace_is_told(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "w").close()
    (tmp_path / "w" / "geoinspect.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(StoreError, match="backup"):
        Workspace.open(tmp_path / "w")


def test_a_day_given_later_counts(tmp_path: Path, inputs: pipeline.Inputs) -> None:
    untimed = tmp_path / "untimed.gpx"
    untimed.write_text(county.gpx(county.walk(), start=None), "utf-8")
    undated = tmp_path / "undated.tif"
    undated.write_bytes((tmp_path / "meadow.tif").read_bytes())
    with rasterio.open(undated, "r+", driver="GTiff") as picture:
        picture.update_tags(TIFFTAG_DATETIME="")
    with Workspace.create(tmp_path / "w") as workspace:
        pipeline.add_ground(workspace, inputs, actor="t", tell=quiet)
        campaign_id = pipeline.find_or_make_campaign(workspace, inputs.campaign, actor="t")
        intake = Intake(workspace, actor="t")
        for path in (untimed, undated):
            intake.add_track(path) if path.suffix == ".gpx" else intake.add_searched_survey(path)
        assert take_snapshot(workspace, campaign_id).sums["990100"].touched == 0
        day = date(2026, 5, 2)
        track = intake.add_track(untimed, tags=TrackTags(day=day))
        walked = take_snapshot(workspace, campaign_id).sums["990100"].touched
        survey = intake.add_searched_survey(undated, taken=day)
        both = take_snapshot(workspace, campaign_id).sums["990100"].seen_m2
        assert track.status == survey.status == "duplicate"
        assert walked > 0
        assert both > take_snapshot(workspace, campaign_id).sums["990100"].length_m * 19
        with workspace.database.reading() as session:
            assert sightings.surveys(session)[0].taken is not None


def test_a_picture_too_coarse_to_judge_clears_nothing(
    tmp_path: Path, inputs: pipeline.Inputs
) -> None:
    corner = np.array([county.WEST]), np.array([county.SOUTH + 0.02])
    x, y = crs_.transform_xy(crs_.WGS84, "EPSG:4545", *corner)
    transform = Affine(10.0, 0, float(x[0]), 0, -10.0, float(y[0]))
    write_raster(tmp_path / "satellite.tif", grass(200, 300), transform=transform, crs="EPSG:4545")
    with Workspace.create(tmp_path / "w") as workspace:
        pipeline.add_ground(workspace, inputs, actor="t", tell=quiet)
        campaign_id = pipeline.find_or_make_campaign(workspace, inputs.campaign, actor="t")
        told = Intake(workspace, actor="t").add_searched_survey(
            tmp_path / "satellite.tif", taken=date(2026, 5, 2)
        )
        assert "not_searched" in {problem.code for problem in told.problems}
        assert take_snapshot(workspace, campaign_id).sums["990100"].cleared == 0


def test_ground_outside_the_townships_is_listed_as_a_gap_too(
    tmp_path: Path, inputs: pipeline.Inputs
) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        pipeline.add_ground(workspace, inputs, actor="t", tell=quiet)
        with workspace.database.writing() as session:
            row = grounds.area(session, "990100001")
            row.level = "village"
        campaign_id = pipeline.find_or_make_campaign(workspace, inputs.campaign, actor="t")
        snapshot = take_snapshot(workspace, campaign_id)
        listed = sum(gap.area_m2 for gap in snapshot.gaps)
        assert listed == pytest.approx(snapshot.sums["990100"].unseen_m2, rel=1e-3)
        assert {gap.area_code for gap in snapshot.gaps} == {"990100", "990100002"}


def test_a_replaced_look_is_a_new_version(tmp_path: Path, inputs: pipeline.Inputs) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        report = pipeline.run(workspace, inputs, actor="t", tell=quiet)
        with workspace.database.reading() as session:
            survey_id = sightings.surveys(session)[0].id
            before = sightings.patches_in(session, None, limit=1)[0][0].id
        Intake(workspace, actor="t").detect_survey(survey_id)
        again = take_snapshot(workspace, report.snapshot.campaign_id)
        assert again.version != report.snapshot.version
        with workspace.database.reading() as session:
            assert sightings.patches_in(session, None, limit=1)[0][0].id > before


def test_a_file_lying_in_the_vault_folder_is_kept_like_any_other(
    tmp_path: Path, inputs: pipeline.Inputs
) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        stray = workspace.vault.folder / "stray.gpx"
        stray.write_bytes((tmp_path / "a.gpx").read_bytes())
        Intake(workspace, actor="t").add_track(stray)
        pipeline.add_ground(workspace, inputs, actor="t", tell=quiet)
        pipeline.find_or_make_campaign(workspace, inputs.campaign, actor="t")
