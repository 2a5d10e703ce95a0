from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx_builders import BOXES, chances, changed, fixed_boxes, painted, pixel_boxes, write_manifest
from raster_builders import write_raster

from geoinspect.detect.onnx.chances import GROUND, MEAN, PEAK


def test_boxes_are_painted_over_their_blocks(tmp_path: Path) -> None:
    # Blocks of 5 pixels; one box over three blocks and a half, one too doubtful, one elsewhere.
    rows = np.array(
        [
            [17.5, 12.5, 10.0, 5.0, 0.9, 0],
            [40.0, 40.0, 10.0, 10.0, 0.3, 0],
            [40.0, 40.0, 10.0, 10.0, 0.9, 1],
            [400.0, 40.0, 10.0, 10.0, 0.9, 0],
        ]
    )
    raster = write_raster(tmp_path / "r.tif", painted(50, 50))
    table = changed(
        BOXES, output__class_index=5, output__classes=["poppy", "car"], output__halo_px=0
    )
    model = write_manifest(fixed_boxes(tmp_path / "m.onnx", rows), table)
    figures, _ = chances(raster, model, tmp_path)
    assert (figures[:, :, GROUND] == 255).all()
    truth = np.zeros((10, 10))
    truth[2, 2:5] = [0.45, 0.9, 0.45]
    # From 12.5 to 22.5: half of block 2, all of 3, half of 4.
    assert np.allclose(figures[:, :, MEAN] / 255, truth, atol=0.6 / 255)
    assert np.allclose(figures[:, :, PEAK] / 255, np.where(truth > 0, 0.9, 0), atol=0.6 / 255)


def test_boxes_do_not_depend_on_the_windows(tmp_path: Path) -> None:
    spots = ((30, 40, 20, 33), (55, 41, 4, 4), (110, 100, 31, 12))
    raster = write_raster(tmp_path / "r.tif", painted(161, 143, *spots))
    cut = []
    for side in (48, 64):
        table = changed(BOXES, input__size_px=[side, side], output__score_threshold=0.6)
        path = pixel_boxes(tmp_path / f"m{side}.onnx", 9, (1, 3, side, side))
        model = write_manifest(path, table)
        cut += [
            chances(raster, model, tmp_path)[0],
            chances(raster, model, tmp_path, tile_blocks=(2, 3))[0],
        ]
    assert (cut[0][:, :, MEAN] > 200).sum() > 30
    for other in cut[1:]:
        assert np.array_equal(cut[0], other)


def test_boxes_normalised_transposed_and_by_class_scores(tmp_path: Path) -> None:
    plain = np.array([[20.0, 30.0, 40.0, 45.0, 0.8]])
    raster = write_raster(tmp_path / "r.tif", painted(60, 60))
    table = changed(BOXES, output__halo_px=0, output__format="xyxy")
    first = write_manifest(fixed_boxes(tmp_path / "a.onnx", plain), table)
    scores = np.array([[0.1, 30 / 64, 37.5 / 64, 20 / 64, 15 / 64, 0.1, 0.8]])
    table = changed(
        BOXES,
        output__halo_px=0,
        output__box_index=1,
        output__score_index=None,
        output__class_scores_index=5,
        output__classes=["car", "poppy"],
        output__normalised=True,
        output__transposed=True,
    )
    second = write_manifest(fixed_boxes(tmp_path / "b.onnx", scores.T), table)
    whole = chances(raster, first, tmp_path)[0]
    assert np.array_equal(whole, chances(raster, second, tmp_path)[0])
    assert (whole[:, :, MEAN] == 204).sum() == 4 * 3
