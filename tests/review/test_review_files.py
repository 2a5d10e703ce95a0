"""Labels as files: what goes out comes in again, once, and hostile files are only refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import geopandas
import pytest
from click.testing import CliRunner
from review_builders import add_candidates, meadow_survey, outline

from geoinspect import review_book, review_files
from geoinspect.cli import app
from geoinspect.errors import AreaError, NotFoundError, TooLargeError, UsageError
from geoinspect.review_book import Answer
from geoinspect.review_files import COLUMNS, import_labels, label_file, label_frame, write_labels
from geoinspect.review_records import Said, WhyNot
from geoinspect.store import audit
from geoinspect.store.workspace import Workspace

FORMULA = "=HYPERLINK(1)"
SAID = [Said.POPPY, Said.OTHER, Said.UNSURE, Said.SKIPPED, Said.POPPY]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, int, int]]:
    """Two surveys of one ground; the first five candidates of one were spoken of."""
    folder = tmp_path_factory.mktemp("files")
    with Workspace.create(folder / "w") as workspace:
        one, two = (meadow_survey(workspace, folder, seed=k) for k in (1, 2))
        patches = add_candidates(workspace, one, 12)
        add_candidates(workspace, two, 12)
        for patch, said in zip(patches, SAID, strict=False):
            reason = WhyNot.GRASS if said is Said.OTHER else None
            answer = Answer(said, reason, 2.0)
            review_book.label(workspace, one, patch, answer, actor=FORMULA)
        review_book.undo(workspace, one, actor=FORMULA, patch_id=patches[4])
        yield workspace, one, two


def test_what_was_said_last_is_written(office: tuple[Workspace, int, int], tmp_path: Path) -> None:
    workspace, one, _two = office
    frame = label_frame(workspace, one)
    assert list(frame["label"]) == ["poppy", "other", "unsure"]
    assert list(frame["standing"]) == ["poppy", "other", "third"]
    assert list(frame["reason"]) == ["", "grass", ""]
    assert all(frame.geometry.iloc[k].equals(outline(k)) for k in range(3))
    write_labels(tmp_path / "labels.gpkg", frame)
    again = geopandas.read_file(tmp_path / "labels.gpkg", layer="labels")
    assert set(COLUMNS) <= set(again.columns)
    assert list(again["label"]) == list(frame["label"])
    table = list(csv.DictReader(io.StringIO(label_file(".csv", frame).decode("utf-8-sig"))))
    assert [row["label"] for row in table] == list(frame["label"])
    assert {row["actor"] for row in table} == {f"'{FORMULA}"}
    told = json.loads(label_file(".geojson", frame))
    assert [one["properties"]["label"] for one in told["features"]] == list(frame["label"])
    assert label_file(".gpkg", frame)[:6] == b"SQLite"
    with pytest.raises(UsageError):
        label_file(".exe", frame)
    with pytest.raises(NotFoundError):
        label_frame(workspace, 99)


def test_labels_come_in_once(office: tuple[Workspace, int, int], tmp_path: Path) -> None:
    workspace, one, two = office
    path = tmp_path / "labels.gpkg"
    write_labels(path, label_frame(workspace, one))
    result = import_labels(workspace, path, two, actor="cli")
    assert (result.added, result.known, result.placed) == (3, 0, 3)
    result = import_labels(workspace, path, two, actor="cli")
    assert (result.added, result.known) == (0, 3)
    frame = label_frame(workspace, two)
    assert list(frame["label"]) == ["poppy", "other", "unsure"]
    assert set(frame["actor"]) == {f"{FORMULA} (cli)"}
    with workspace.database.reading() as session:
        progress = review_book.queue(workspace, session, two, "安娜")["progress"]
        audit.verify(session)
    assert (progress["poppy"], progress["other"], progress["third"]) == (1, 1, 1)


def test_other_peoples_answers_stay_hidden_until_two_agree(
    office: tuple[Workspace, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, one, _two = office
    both = workspace.settings.model_copy(update={"review_people": 2})
    monkeypatch.setattr(workspace, "settings", both)
    assert len(label_frame(workspace, one, "安娜")) == 0
    assert len(label_frame(workspace, one, FORMULA)) == 3
    assert len(label_frame(workspace, one)) == 3


@pytest.mark.parametrize("importer", ["cli", "ben"])
def test_labels_of_a_survey_come_home_as_what_they_were(
    office: tuple[Workspace, int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    importer: str,
) -> None:
    workspace, one, two = office
    both = workspace.settings.model_copy(update={"review_people": 2})
    monkeypatch.setattr(workspace, "settings", both)
    before = label_frame(workspace, one)
    assert "poppy" not in set(before["standing"])
    for suffix in (".gpkg", ".geojson"):
        path = tmp_path / f"labels{suffix}"
        path.write_bytes(label_file(suffix, before))
        result = import_labels(workspace, path, one, actor=importer)
        assert (result.added, result.known) == (0, 3)
    # By way of another survey, where they are new, they are the same words of the same person.
    import_labels(workspace, path, two, actor=importer)
    write_labels(tmp_path / "way.gpkg", label_frame(workspace, two))
    assert import_labels(workspace, tmp_path / "way.gpkg", one, actor="c").added == 0
    assert label_frame(workspace, one).equals(before)


def test_more_labels_than_are_taken_at_once_are_refused(
    office: tuple[Workspace, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, one, two = office
    write_labels(tmp_path / "labels.gpkg", label_frame(workspace, one))
    before = len(label_frame(workspace, two))
    monkeypatch.setattr(review_files, "_MOST_LABELS", 2)
    with pytest.raises(TooLargeError, match="limit of 2"):
        import_labels(workspace, tmp_path / "labels.gpkg", two, actor="eva")
    assert len(label_frame(workspace, two)) == before


@pytest.mark.parametrize("label", ["", "POPPY!", "withdrawn", "skipped", "a" * 9999])
def test_files_without_labels_are_refused(
    office: tuple[Workspace, int, int], tmp_path: Path, label: str
) -> None:
    frame = geopandas.GeoDataFrame({"label": [label]}, geometry=[outline(0)], crs="EPSG:4326")
    frame.to_file(tmp_path / "bad.gpkg", driver="GPKG", engine="pyogrio")
    with pytest.raises(AreaError):
        import_labels(office[0], tmp_path / "bad.gpkg", office[2], actor="cli")
    (tmp_path / "bad.gpkg").write_bytes(b"SQLite format 3\x00" + b"\xff" * 200)
    with pytest.raises(AreaError):
        import_labels(office[0], tmp_path / "bad.gpkg", office[2], actor="cli")


def test_the_command_line_writes_and_takes_labels(
    office: tuple[Workspace, int, int], tmp_path: Path
) -> None:
    workspace, one, two = office

    def run(*args: object) -> str:
        done = CliRunner().invoke(app, ["-w", str(workspace.folder), "labels", *map(str, args)])
        assert done.exception is None, done.output
        return done.stdout

    run("export", tmp_path / "l.geojson", "--survey", one)
    told = json.loads(run("import", tmp_path / "l.geojson", "--survey", two, "--json"))
    assert told["added"] + told["known"] == 3
    rows = json.loads(run("list", "--json"))
    assert {row["id"]: row["candidates"] for row in rows} == {one: 12, two: 12}
    assert "12" in run("list")
    run("import", tmp_path / "l.geojson", "--survey", two)


def test_a_name_in_a_file_is_no_second_person(
    office: tuple[Workspace, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, one, _two = office
    both = workspace.settings.model_copy(update={"review_people": 2})
    monkeypatch.setattr(workspace, "settings", both)
    frame = label_frame(workspace, one)
    frame["at"] = "2026-05-12T08:00:00Z"
    write_labels(tmp_path / "labels.gpkg", frame)
    assert import_labels(workspace, tmp_path / "labels.gpkg", one, actor="dora").added == 3
    assert not {"poppy", "other"} & set(label_frame(workspace, one)["standing"])
