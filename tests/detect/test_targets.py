"""Targets are data: another plant is a row and a trained file, and every slip in the table is told."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from detect_builders import SETTINGS, planted_meadow
from raster_builders import write_raster

from geoinspect.cli import app
from geoinspect.detect.model import shipped
from geoinspect.detect.run import detect
from geoinspect.detect.targets import DEFAULT_TARGET, load_targets
from geoinspect.errors import InputError, NotFoundError, UsageError
from geoinspect.intake import Intake
from geoinspect.store.workspace import Workspace

ROW = """
[[target]]
key = "khat"
zh = "恰特草"
en = "khat"
growth = ""
size_m2 = [3, 900]
ranking = "khat.npz"
petal_colours = []
leaf_tint = "red_green"

[[target.cue]]
name = "texture"
weight = 0.5
zh = "粗糙叶丛"
en = "a rough canopy"

[target.thresholds]
min_area_m2 = 20
"""


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raster(tmp_path_factory.mktemp("targets") / "a.tif", planted_meadow().pixels)


def shipped_text() -> str:
    return resources.files("geoinspect.data").joinpath("targets.toml").read_text("utf-8")


def test_the_shipped_table_has_poppy_first_and_cannabis_second() -> None:
    table = load_targets()
    assert [target.key for target in table.targets] == [DEFAULT_TARGET, "cannabis"]
    poppy = table.target()
    assert poppy is table.target("opium_poppy")
    assert table.ranking(poppy) is shipped()
    assert poppy.words[0].en.startswith("white, pink")
    assert resources.files("geoinspect.data").joinpath(poppy.growth).is_file()


def test_what_helpers_learnt_of_series_holds_in_the_shipped_rows() -> None:
    for target in load_targets().targets:
        course = target.course_at(30.0, 500.0)
        assert course.calendar_sd_days >= 12
        assert 0.02 <= course.fall_per_day.mean <= 0.035
        # The season ends soon after the target's own.
        assert 10 <= course.last_day - course.senescence_day.mean <= 45


def test_the_course_moves_north_and_up() -> None:
    poppy = load_targets().target()
    low, north, high = (poppy.course_at(*at) for at in ((25, 0), (35, 0), (25, 1000)))
    assert north.peak_day.mean - low.peak_day.mean == pytest.approx(50)
    assert high.peak_day.mean - low.peak_day.mean == pytest.approx(32.8)
    assert north.last_day - low.last_day == 50
    assert high.amplitude == low.amplitude


def test_cannabis_asks_for_a_ranking(picture: Path) -> None:
    with pytest.raises(UsageError, match="no trained ranking yet") as told:
        detect([("a.tif", picture)], settings=SETTINGS, target="cannabis")
    assert told.value.code == "no_ranking"
    assert "--detector FILE" in told.value.text.en


def test_another_plant_is_a_row_and_a_file(tmp_path: Path, picture: Path) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(shipped_text() + ROW, "utf-8")
    table = load_targets(path)
    with pytest.raises(UsageError, match=r"khat\.npz"):
        table.ranking(table.target("khat"))
    shipped().save(tmp_path / "khat.npz")
    options = {"settings": SETTINGS, "targets": table, "budget_per_km2": 3000}
    khat, _ = detect([("a.tif", picture)], target="khat", **options)
    poppy, _ = detect([("a.tif", picture)], min_area_m2=20, **options)
    assert len(khat.patches) > 0
    assert [(p.score, p.area_m2) for p in khat.patches] == [
        (p.score, p.area_m2) for p in poppy.patches
    ]
    assert min(p.area_m2 for p in khat.patches) >= 20


def test_a_ranking_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(ROW, "utf-8")
    (tmp_path / "khat.npz").write_bytes(b"no archive")
    table = load_targets(path)
    with pytest.raises(InputError):
        table.ranking(table.target())


@pytest.mark.parametrize("way", ["-w", "environment", "inside", "elsewhere"])
def test_a_workspace_s_own_table_is_used_however_it_is_named(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "geoinspect.toml").write_text("", "utf-8")
    (folder / "targets.toml").write_text(ROW, "utf-8")
    monkeypatch.chdir(folder if way == "inside" else tmp_path)
    monkeypatch.delenv("GEOINSPECT_WORKSPACE", raising=False)
    if way == "environment":
        monkeypatch.setenv("GEOINSPECT_WORKSPACE", str(folder))
    named = ["-w", str(folder)] if way == "-w" else []
    done = CliRunner().invoke(app, [*named, "targets", "list", "--json"])
    listed = [row["key"] for row in json.loads(done.stdout)]
    assert listed == ([DEFAULT_TARGET, "cannabis"] if way == "elsewhere" else ["khat"])
    # The command that searches takes the same table.
    picture, out = tmp_path / "a.tif", tmp_path / "p.gpkg"
    picture.write_bytes(b"II*\x00nothing")
    words = ["detect", str(picture), "--out", str(out), "--target", "khat"]
    failed = CliRunner().invoke(app, [*named, *words])
    code = getattr(failed.exception, "code", None)
    assert code == ("no_such_target" if way == "elsewhere" else "no_ranking")


def own_table(folder: Path, **thresholds: object) -> Path:
    """The shipped table with other thresholds of poppy, in a folder of its own."""
    told = "".join(f"{name} = {value}\n" for name, value in thresholds.items())
    head = "[target.thresholds]\n"
    folder.mkdir()
    (folder / "targets.toml").write_text(shipped_text().replace(head, head + told, 1), "utf-8")
    return folder


def test_stored_surveys_are_searched_by_the_workspace_s_table(
    tmp_path: Path, picture: Path
) -> None:
    with Workspace.create(tmp_path / "w") as workspace:
        table = own_table(tmp_path / "own", min_area_m2=21.5) / "targets.toml"
        (workspace.folder / "targets.toml").write_bytes(table.read_bytes())
        intake = Intake(workspace, actor="t")
        added = intake.add_survey(picture)
        detection, _ = intake.detect_survey(added.record_id)
    assert detection.min_area_m2 == 21.5
    assert all(patch.area_m2 >= 21.5 for patch in detection.patches)


def test_only_what_the_default_search_finds_is_measured(tmp_path: Path, picture: Path) -> None:
    def code(folder: Path, *more: str) -> str | None:
        words = ["-w", str(folder), "detect", str(picture), "--out", str(tmp_path / "p.gpkg")]
        done = CliRunner().invoke(app, [*words, "--measure-sensitivity", *more])
        return getattr(done.exception, "code", None)

    assert code(own_table(tmp_path / "heights", heights="[0.0, 1.0]")) == "not_measurable"
    first_is_another = tmp_path / "khat"
    first_is_another.mkdir()
    (first_is_another / "targets.toml").write_text(ROW + shipped_text(), "utf-8")
    assert code(first_is_another) == "not_measurable"
    assert code(tmp_path / "heights", "--target", "cannabis") == "not_measurable"


def test_an_unknown_target_names_those_there_are() -> None:
    with pytest.raises(NotFoundError, match="opium_poppy, cannabis"):
        load_targets().target("hemp")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('key = "khat"', 'key = "Khat!"', "lower-case"),
        ("size_m2 = [3, 900]", "size_m2 = [9, 3]", "size_m2"),
        ("size_m2 = [3, 900]", "size_m2 = [nan, 3]", "size_m2"),
        ('ranking = "khat.npz"', 'ranking = "../khat.npz"', "ranking"),
        ('ranking = "khat.npz"', 'ranking = "/etc/passwd"', "ranking"),
        ('leaf_tint = "red_green"', 'leaf_tint = "tartan"', "leaf_tint"),
        ('name = "texture"', 'name = "smell"', "no cue"),
        ("weight = 0.5", "weight = 7", "weight"),
        ("min_area_m2 = 20", "min_area_m2 = -1", "min_area_m2"),
        ("min_area_m2 = 20", "heights = [1.0, 1.0]", "ascend"),
        ("min_area_m2 = 20", "colour = 3", "colour"),
        ("[target.thresholds]", "[target.spectrum]\nswir = 0.1\n[target.thresholds]", "swir"),
        ("[target.thresholds]", "[target.spectrum]\nnir = 40\n[target.thresholds]", "nir"),
        ("[[target]]", "[[target]", "targets.toml"),
        ('en = "khat"', "", "en"),
    ],
)
def test_slips_in_the_table_are_told_in_both_languages(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(ROW.replace(old, new, 1), "utf-8")
    with pytest.raises(UsageError) as told:
        load_targets(path)
    assert told.value.code == "bad_targets"
    assert said in told.value.text.en
    assert said in told.value.text.zh


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", b"target = 3", b"[[target]]\n" * 2])
def test_other_files_are_told_too(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "targets.toml"
    path.write_bytes(raw)
    with pytest.raises(UsageError, match="can't be used"):
        load_targets(path)
    with pytest.raises(UsageError):
        load_targets(tmp_path / "absent.toml")


def test_a_row_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(ROW + ROW, "utf-8")
    with pytest.raises(UsageError, match="twice"):
        load_targets(path)


def test_a_plant_without_spectrum_or_course_says_so(tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(ROW, "utf-8")
    khat = load_targets(path).target()
    for ask in (khat.assumed_spectrum, lambda: khat.course_at(30, 0)):
        with pytest.raises(UsageError, match="khat"):
            ask()


def test_the_command_line_lists_and_takes_targets(tmp_path: Path, picture: Path) -> None:
    (tmp_path / "targets.toml").write_text(shipped_text() + ROW, "utf-8")
    shipped().save(tmp_path / "khat.npz")
    run = CliRunner().invoke
    listed = run(app, ["-w", str(tmp_path), "targets", "list", "--json"])
    assert [row["key"] for row in json.loads(listed.stdout)][2:] == ["khat"]
    assert run(app, ["targets", "list"]).exit_code == 0
    out = tmp_path / "p.gpkg"
    call = ["detect", str(picture), "--out", str(out), "--json", "--target"]
    done = run(app, ["-w", str(tmp_path), *call, "khat"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["patches"] >= 0
    with pytest.raises(NotFoundError):
        run(app, [*call, "khat"], catch_exceptions=False, standalone_mode=False)
    with pytest.raises(UsageError, match="--ndvi"):
        run(
            app,
            [*call, "opium_poppy", "--harvest-year", "2024"],
            catch_exceptions=False,
            standalone_mode=False,
        )
    with pytest.raises(UsageError, match="--target"):
        run(
            app,
            ["detect", "--survey", "1", "--target", "khat"],
            catch_exceptions=False,
            standalone_mode=False,
        )


def test_heights_of_a_row_are_those_objects_are_cut_at(tmp_path: Path, picture: Path) -> None:
    path = tmp_path / "targets.toml"
    # Nothing reaches a logit of 20.
    path.write_text(ROW.replace("min_area_m2 = 20", "heights = [20.0]"), "utf-8")
    shipped().save(tmp_path / "khat.npz")
    none, _ = detect([("a.tif", picture)], settings=SETTINGS, targets=load_targets(path))
    assert none.patches == ()
    assert np.isfinite(none.valid_area_m2)
