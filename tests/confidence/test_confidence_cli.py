"""``geoinspect confidence estimate`` on files: the contract's keys, the vectors, and bad files."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from click.testing import CliRunner, Result

from geoinspect.cli.confidence import confidence
from geoinspect.errors import GeoInspectError, InputError, UsageError

Writer = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    def written(columns: dict[str, Any], *, layer: str = "cells", name: str = "c.gpkg") -> Path:
        n = len(next(iter(columns.values())))
        squares = [shapely.box(i * 100, 0, i * 100 + 100, 100) for i in range(n)]
        frame = geopandas.GeoDataFrame(columns, geometry=squares, crs="EPSG:4545")
        frame.to_file(tmp_path / name, layer=layer, driver="GPKG", engine="pyogrio")
        return tmp_path / name

    return written


def run(path: Path, *args: object) -> Result:
    given = ["estimate", "--cells", path, "--prior", 0.5, "--design-prevalence", 1, *args]
    return CliRunner().invoke(confidence, [str(arg) for arg in given])


def told(path: Path, *args: object) -> dict[str, Any]:
    result = run(path, *args, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def refused(path: Path, *args: object) -> GeoInspectError:
    error = run(path, *args).exception
    assert isinstance(error, GeoInspectError), error
    return error


def test_every_vector_comes_out_of_a_file(shared_data: Path, write: Writer) -> None:
    cases = json.loads((shared_data / "confidence_vectors.json").read_text("utf-8"))["cases"]
    for number, case in enumerate(cases[:16]):
        step, expected = case["steps"][0], case["expected"][0]
        rows = [group for group in step["groups"] for _ in range(group["count"])]
        path = write(
            {
                "se": [row["sensitivity"] for row in rows],
                "rr": [row["risk"] for row in rows],
                "zone": [row["zone"] for row in rows],
                "rz": [row["zone_risk"] for row in rows],
            },
            name=f"{number}.gpkg",
        )
        found = told(
            path,
            *("--sensitivity-field", "se", "--risk-field", "rr", "--zone-field", "zone"),
            *("--zone-risk-field", "rz", "--prior", case["prior"]),
            *("--design-prevalence", step["design_prevalence"]),
            *("--zone-prevalence", step["zone_prevalence"], "--introduction", step["introduction"]),
        )
        for key in ("system_sensitivity", "prior", "posterior", "next_prior"):
            assert found[key] == pytest.approx(expected[key], abs=1e-9), case["name"]
        assert [zone["zone"] for zone in found["zones"]] == [z["zone"] for z in expected["zones"]]


def test_the_contracts_keys_and_the_claim(write: Writer) -> None:
    found = told(write({"pod": [0.5, 0.0], "cell_id": ["1_2", "1_3"]}))
    assert found["system_sensitivity"] == 0.25
    assert found["expected_missed"] == 0.75
    assert found["zones"] == [
        {
            "zone": "all",
            "cells": 2,
            "searched": 1,
            "weighted_sensitivity": 0.25,
            "sensitivity": 0.25,
            "weight": 1.0,
        }
    ]
    assert "does not prove absence" in found["claim"]
    assert "posterior_low" not in found


def test_people_read_a_table_and_what_it_is_not(write: Writer) -> None:
    result = run(write({"pod": [0.5, 0.0]}), "--draws", 50)
    assert result.exit_code == 0
    assert "0.5714" in result.stdout
    assert "90%" in result.stdout
    assert "模型" in result.stderr
    assert "does not prove absence" in result.stderr


def test_draws_give_an_interval_that_a_seed_repeats(write: Writer) -> None:
    path = write({"pod": np.linspace(0, 1, 30)})
    first = told(path, "--draws", 400, "--seed", 7)
    assert first["posterior_low"] < first["posterior"] < first["posterior_high"]
    assert told(path, "--draws", 400, "--seed", 7) == first
    assert told(path, "--draws", 400, "--seed", 8)["posterior_low"] != first["posterior_low"]
    assert first["uncertainty"]["exposure_factors"][0]["sd_log"] == 0.3
    assert first["uncertainty"]["prior"] == {"distribution": "fixed", "value": 0.5}
    wide = told(path, "--draws", 400, "--seed", 7, "--prior-low", 0.2, "--prior-high", 0.9)
    assert wide["posterior_low"] < first["posterior_low"]
    assert wide["uncertainty"]["prior"]["distribution"] == "triangular"
    sure = told(path, "--draws", 9, "--sensitivity-cv", 0)
    assert sure["posterior_low"] == pytest.approx(sure["posterior"], abs=1e-6)


def test_zones_are_text_or_numbers(write: Writer) -> None:
    for zone in (["a", "b"], [1, 2], [1.0, 2.5]):
        names = [
            z["zone"]
            for z in told(write({"pod": [0.5, 0], "z": zone}), "--zone-field", "z")["zones"]
        ]
        assert names == [f"{z:g}" if not isinstance(z, str) else z for z in zone]


def test_the_only_layer_is_taken_and_of_several_the_right_one(write: Writer) -> None:
    path = write({"pod": [0.25]}, layer="格网")
    assert told(path)["system_sensitivity"] == 0.25
    write({"pod": [1.0]}, layer="other")
    assert "格网, other" in refused(path).text.en
    write({"pod": [0.75]})
    assert told(path)["system_sensitivity"] == 0.75


@pytest.mark.parametrize(
    ("columns", "args", "said"),
    [
        ({"pod": [0.5, 1.2], "cell_id": ["3_4", "3_5"]}, (), "cell 3_5"),
        ({"pod": [0.5, math.nan]}, (), "cell #2: its sensitivity is"),
        ({"seen": [0.5]}, (), "no field pod; it has: fid, geom, seen"),
        ({"pod": [0.5]}, ("--risk-field", "rr"), "no field rr"),
        ({"pod": ["high"]}, (), "is no number (high)"),
        ({"pod": [0.5, 0.5], "rr": [1, -1]}, ("--risk-field", "rr"), "cell #2: its risk is -1"),
        ({"pod": [0.5, 0.5], "rr": [0, 0]}, ("--risk-field", "rr"), "above 0"),
        ({"pod": [0.5, 0.5], "z": ["a", None]}, ("--zone-field", "z"), "empty"),
        (
            {"pod": [0.5, 0.5], "z": ["a", "a"], "w": [1, 2]},
            ("--zone-field", "z", "--zone-risk-field", "w"),
            "differs inside zone a",
        ),
        (
            {"pod": [0.5, 0.5], "z": ["a", "b"], "w": [1, math.nan]},
            ("--zone-field", "z", "--zone-risk-field", "w"),
            "absent (cell #2",
        ),
        ({"pod": [0.5, 0.5], "w": [1, 2]}, ("--zone-risk-field", "w"), "zone all"),
        ({"pod": []}, (), "no cells"),
    ],
)
def test_bad_cells_are_refused(
    write: Writer, columns: dict[str, Any], args: tuple[str, ...], said: str
) -> None:
    error = refused(write(columns), *args)
    assert isinstance(error, InputError)
    assert said in error.text.en


@pytest.mark.parametrize(
    "args",
    [
        ("--prior", 1.2),
        ("--prior", "nan"),
        ("--introduction", -0.1),
        ("--design-prevalence", 0),
        ("--design-prevalence", "inf"),
        ("--zone-prevalence", -1),
        ("--prior-low", 0.1),
        ("--sensitivity-cv", 0.1),
        ("--draws", 5, "--sensitivity-cv", -1),
        ("--draws", 5, "--prior-low", 0.6),
        ("--draws", 5, "--prior-high", 1.1),
    ],
)
def test_bad_numbers_are_refused(write: Writer, args: tuple[object, ...]) -> None:
    assert isinstance(refused(write({"pod": [0.5]}), *args), UsageError)


def test_files_that_are_no_cells_are_refused(tmp_path: Path, write: Writer) -> None:
    text, empty, bare, cut = (tmp_path / name for name in ("a.gpkg", "b.gpkg", "d.gpkg", "e.gpkg"))
    text.write_text("no database")
    empty.touch()
    sqlite3.connect(bare).execute("CREATE TABLE cells (pod REAL)").connection.close()
    whole = write({"pod": np.zeros(3000)}).read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    for path in (text, empty, bare, cut, tmp_path, tmp_path / "missing.gpkg"):
        assert isinstance(refused(path), InputError), path


def test_field_names_are_never_run_as_sql(write: Writer) -> None:
    path = write({"pod": [0.5]})
    error = refused(path, "--risk-field", 'pod" FROM cells; DROP TABLE cells; --')
    assert "no field" in error.text.en
    assert told(path)["system_sensitivity"] == 0.5
