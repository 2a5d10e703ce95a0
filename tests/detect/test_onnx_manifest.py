from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from onnx_builders import BOXES, SEGMENTER, changed, toml_of

from geoinspect.detect.onnx.manifest import BoxSpec, MaskSpec, parse_manifest, read_manifest
from geoinspect.errors import InputError


def test_a_full_manifest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(
        """
name = "poppy-unet"
licence = "CC BY 4.0"
[input]
size_px = [256, 320]
multiple_of = 32
gsd_cm = 2
bands = ["red", "green", "nir"]
layout = "NHWC"
dtype = "float16"
scale = "type_max"
mean = [0.4, 0.5, 0.6]
std = [0.1, 0.2, 0.3]
tensor = "picture"
[output]
kind = "segmentation"
classes = ["ground", "poppy", "hemp"]
target = ["hemp", "poppy"]
halo_px = 32
values = "logits"
exclusive = true
tensor = "mask"
""",
        "utf-8",
    )
    manifest = read_manifest(path)
    assert manifest.window_px == (256, 320)
    assert manifest.target == (2, 1)
    assert manifest.input.scale is None
    assert manifest.input.std == (0.1, 0.2, 0.3)
    assert (manifest.input.tensor, manifest.output_tensor) == ("picture", "mask")
    assert manifest.output == MaskSpec("logits", exclusive=True)
    assert (manifest.licence, manifest.source) == ("CC BY 4.0", "")


def test_a_manifest_of_boxes_is_read() -> None:
    output = parse_manifest(BOXES, "m.toml").output
    assert output == BoxSpec("cxcywh", False, 0, 4, None, None, False, 0.5)


@pytest.mark.parametrize("multiple", [1, 32, 48])
@pytest.mark.parametrize("halo", [0, 31, 200])
def test_windows_of_any_size_are_whole_multiples(multiple: int, halo: int) -> None:
    table = changed(SEGMENTER, input__multiple_of=multiple, output__halo_px=halo)
    high, wide = parse_manifest(table, "m.toml").window_px
    assert high == wide
    assert high % multiple == 0
    assert high > 2 * halo


WRONG = [
    ("name", {"name": None}),
    ("name", {"name": ""}),
    ("name", {"name": "two\nlines"}),
    ("input", {"input": "none"}),
    ("output", {"output": None}),
    ("colour", {"colour": 1}),
    ("input.size_px", {"input__size_px": [64]}),
    ("input.size_px", {"input__size_px": "all"}),
    ("input.size_px", {"input__size_px": [64, 1e9]}),
    ("input.size_px", {"input__size_px": [64, 100_000]}),
    ("input.size_px", {"input__size_px": [64, 60], "input__multiple_of": 32}),
    ("input.gsd_cm", {"input__gsd_cm": 0}),
    ("input.gsd_cm", {"input__gsd_cm": -2.0}),
    ("input.gsd_cm", {"input__gsd_cm": True}),
    ("input.gsd_cm", {"input__gsd_cm": float("nan")}),
    ("input.gsd_cm", {"input__gsd_cm": float("inf")}),
    ("input.gsd_cm", {"input__gsd_cm": 10**400}),
    ("input.gsd_cm", {"input__gsd_cm": "2 cm"}),
    ("input.bands", {"input__bands": []}),
    ("input.bands", {"input__bands": ["red", "red"]}),
    ("input.bands", {"input__bands": ["red", "swir"]}),
    ("input.bands", {"input__bands": "red"}),
    ("input.layout", {"input__layout": "CHW"}),
    ("input.dtype", {"input__dtype": "float64"}),
    ("input.scale", {"input__scale": 0}),
    ("input.scale", {"input__scale": None}),
    ("input.mean", {"input__mean": [0.5]}),
    ("input.std", {"input__std": [0.5, 0.5, 0]}),
    ("input.stdev", {"input__stdev": [1, 1, 1]}),
    ("output.kind", {"output__kind": "points"}),
    ("output.values", {"output__values": "scores"}),
    ("output.classes", {"output__classes": []}),
    ("output.target", {"output__target": ["hemp"]}),
    ("output.target", {"output__target": None}),
    ("output.halo_px", {"output__halo_px": -1}),
    ("output.halo_px", {"output__halo_px": 1.5}),
    ("output.halo_px", {"output__halo_px": 32, "input__size_px": [64, 64]}),
    ("output.halo_px", {"output__halo_px": 1000}),
    ("output.exclusive", {"output__exclusive": "yes"}),
    ("output.score_index", {"output__score_index": 4}),
]


@pytest.mark.parametrize(("field", "change"), WRONG)
def test_a_wrong_manifest_names_the_field(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        parse_manifest(changed(SEGMENTER, **change), "m.toml")
    assert f" {field}:" in caught.value.text.en
    assert f"{field}:" in caught.value.text.zh
    assert caught.value.code == "bad_manifest"


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("output.score_index", {"output__score_index": None}),
        ("output.score_threshold", {"output__score_threshold": 2}),
        ("output.class_index", {"output__classes": ["poppy", "hemp"]}),
        ("output.class_index", {"output__class_index": 5, "output__class_scores_index": 5}),
        ("output.format", {"output__format": "xywh"}),
        ("output.values", {"output__values": "logits"}),
    ],
)
def test_a_wrong_manifest_of_boxes_names_the_field(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f" {field}:"):
        parse_manifest(changed(BOXES, **change), "m.toml")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"name = ",
        b"{}",
        b"a = " + b"[" * 30_000,
        b"a = " + b"9" * 5000,
        b"#" * 65_000,
    ],
)
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(raw)
    with pytest.raises(InputError) as caught:
        read_manifest(path)
    assert caught.value.code == "bad_manifest"


def test_toml_of_is_read_back() -> None:
    assert tomllib.loads(toml_of(BOXES)) == BOXES
