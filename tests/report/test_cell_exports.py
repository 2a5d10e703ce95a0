"""Rasters and styles of cells: every value in its place, the map's classes and colours."""

from __future__ import annotations

import sqlite3
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
from patrol_builders import Office
from rio_cogeo import cog_validate
from searched_builders import FIELD, polygon, walked, write_layer

from geoinspect.coverage.cells import STATES
from geoinspect.crs import transform_xy
from geoinspect.gathering import cell_facts
from geoinspect.intake.footprints import FootprintTags, add_footprints
from geoinspect.report.cell_rasters import days_since, write_cell_raster
from geoinspect.report.coverage import write_cells
from geoinspect.report.qgis_styles import CellLayer, cell_styles, classes_of, raster_qml
from geoinspect.search_records import Method
from geoinspect.snapshot import Snapshot, take_snapshot
from webmap.tiles.layers import Layer, colouring

NUMERIC = [layer for layer in CellLayer if layer is not CellLayer.STATE]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("export")
    with Office(folder) as office:
        walked(office)
        layer = write_layer(folder / "f.geojson", polygon(*FIELD))
        tags = FootprintTags(Method.SURVEY, date(2026, 5, 20), 0.95, 1.0)
        add_footprints(office.workspace, layer, tags, actor="t")
        return take_snapshot(office.workspace, 1)


def test_every_pixel_is_its_cells_value(snapshot: Snapshot, tmp_path: Path) -> None:
    facts, ground = cell_facts(snapshot), snapshot.ground
    path = tmp_path / "c.tif"
    names = write_cell_raster(path, ground, facts.layers, as_of=snapshot.as_of, title="=春季 <&>")
    assert names[0] == path
    assert {name.suffix for name in names[1:]} == {".qml"}
    assert cog_validate(path, quiet=True)[0]
    x, y = ground.centres()
    with rasterio.open(path) as raster:
        assert raster.crs.to_epsg() == 4545
        assert raster.tags()["AS_OF"] == snapshot.as_of.isoformat()
        assert raster.descriptions == tuple(layer.value for layer in CellLayer)
        rows, cols = rasterio.transform.rowcol(raster.transform, x, y)
        pixels = raster.read()
    for band, (layer, values) in enumerate(facts.layers.items()):
        found = pixels[band, rows, cols].astype(float)
        found[found == -9999] = np.nan
        np.testing.assert_allclose(found, values, rtol=1e-6, err_msg=layer.value)
        outside = np.ones(pixels.shape[1:], bool)
        outside[rows, cols] = False
        assert (pixels[band][outside] == -9999).all()


def test_days_are_those_of_china(snapshot: Snapshot) -> None:
    last_s = np.array([0.0, 16 * 3600 - 1, 16 * 3600, np.nan])
    assert days_since(last_s, date(1970, 1, 2)).tolist()[:3] == [1, 1, 0]
    assert np.isnan(days_since(last_s, date(1970, 1, 2))[3])


@pytest.mark.parametrize("layer", NUMERIC)
def test_classes_and_colours_are_the_maps(snapshot: Snapshot, layer: CellLayer) -> None:
    legend = colouring(Layer(layer.value), snapshot).legend
    shown = [shade for shade in legend if shade.kind == "class"]
    values = cell_facts(snapshot).layers[layer]
    classes = [one for one in classes_of(layer, values) if one.high > one.low]
    assert [one.colour for one in classes] == [shade.colour for shade in shown]
    assert [one.low for one in classes] == [shade.low for shade in shown]
    assert [None if np.isinf(one.high) else one.high for one in classes] == [
        shade.high for shade in shown
    ]


@pytest.mark.parametrize("layer", NUMERIC)
def test_the_raster_style_puts_values_where_the_map_does(
    snapshot: Snapshot, layer: CellLayer
) -> None:
    values = cell_facts(snapshot).layers[layer]
    items = ET.fromstring(raster_qml(layer, 3, values)).findall(".//item")
    tops = np.array([float(item.get("value")) for item in items])
    assert (np.diff(tops) > 0).all()
    # QGIS paints a value in the first class whose bound it does not pass.
    known = values[np.isfinite(values)].astype(np.float32).astype(float)
    known = known[known > 0] if layer is not CellLayer.LAST_SEEN else known
    painted = np.searchsorted(tops, known, side="left")
    classes = classes_of(layer, values)
    for value, at in zip(known, painted, strict=True):
        one = classes[at]
        assert one.low - 1e-6 <= value <= one.high
        assert items[at].get("color") == "#{:02x}{:02x}{:02x}".format(*one.colour[:3])


def test_states_have_a_colour_each() -> None:
    tree = ET.fromstring(raster_qml(CellLayer.STATE, 1, np.array([0.0, 3.0])))
    entries = tree.findall(".//paletteEntry")
    assert [entry.get("value") for entry in entries] == ["0", "1", "2", "3"]
    assert [entry.get("color") for entry in entries] == ["#e08214", "#c6dbef", "#6baed6", "#08519c"]
    assert tree.find(".//rasterrenderer").get("band") == "1"


def test_cells_open_styled(snapshot: Snapshot, tmp_path: Path) -> None:
    path = tmp_path / "cells.gpkg"
    facts = cell_facts(snapshot)
    write_cells(path, facts)
    frame = pyogrio.read_dataframe(path, layer="cells")
    assert frame["state"].tolist() == [STATES[k].value for k in snapshot.table.state]
    np.testing.assert_allclose(frame["sensitivity"], snapshot.sensitivity)
    east, _ = transform_xy("EPSG:4326", "EPSG:4545", np.array([107.92]), np.array([33.96]))
    in_east = frame.geometry.centroid.x > east[0] + 100
    assert set(frame.loc[in_east, "zone"]) == {"990100001"}
    with sqlite3.connect(path) as database:
        styles = database.execute(
            "SELECT f_table_name, f_geometry_column, styleName, styleQML, useAsDefault "
            "FROM layer_styles ORDER BY id"
        ).fetchall()
        kinds = dict(database.execute("SELECT table_name, data_type FROM gpkg_contents"))
    database.close()
    assert kinds == {"cells": "features", "layer_styles": "attributes"}
    assert [name for _, _, name, _, _ in styles] == [s.name for s in cell_styles(facts.layers)]
    assert [default for *_, default in styles] == [1] + [0] * (len(styles) - 1)
    assert {(table, column) for table, column, *_ in styles} == {("cells", "geom")}
    for *_, qml, _ in styles:
        renderer = ET.fromstring(qml).find("renderer-v2")
        used = {one.get("symbol") for one in renderer.iter() if one.get("symbol") is not None}
        assert used == {symbol.get("name") for symbol in renderer.find("symbols")}


def test_looks_that_ran_out_are_told_apart(tmp_path: Path) -> None:
    with Office(tmp_path) as office:
        walked(office)
        late = take_snapshot(office.workspace, 1, as_of=date(2027, 5, 14))
        write_cells(tmp_path / "c.gpkg", cell_facts(late))
    frame = pyogrio.read_dataframe(tmp_path / "c.gpkg", layer="cells")
    assert (frame["state"] == "unseen").all()
    assert set(frame["faded_from"].dropna()) == {"touched"}
    assert frame["faded_from"].notna().sum() == int((late.faded > 0).sum()) > 50
