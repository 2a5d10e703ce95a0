from __future__ import annotations

import builtins
import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_builders import (
    BOXES,
    MAGENTA,
    SEGMENTER,
    changed,
    conv,
    fixed_boxes,
    magenta,
    save,
    write_manifest,
)

from geoinspect.detect.onnx import model_file
from geoinspect.detect.onnx.answers import chances_of_masks
from geoinspect.detect.onnx.manifest import MaskSpec
from geoinspect.detect.onnx.model_file import open_model
from geoinspect.errors import GeoInspectError, InputError, TooLargeError, UsageError


def refused(model: Path, says: str, kind: type[GeoInspectError] = InputError) -> GeoInspectError:
    """Open a model that can't be opened; the error says why in both languages, in one line."""
    with pytest.raises(kind) as caught:
        open_model(model)
    error = caught.value
    assert says in error.text.en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in error.text.zh)
    assert "\n" not in error.text.zh + error.text.en
    return error


def test_a_model_without_a_manifest_says_which_file_is_missing(tmp_path: Path) -> None:
    refused(magenta(tmp_path / "poppy.onnx"), "'poppy.toml'")


def test_a_model_is_named_after_its_manifest_and_its_bytes(tmp_path: Path) -> None:
    path = write_manifest(magenta(tmp_path / "m.onnx"), SEGMENTER)
    both = path.read_bytes() + path.with_suffix(".toml").read_bytes()
    assert open_model(path).name == f"magenta {hashlib.sha256(both).hexdigest()[:12]}"


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8"])
@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_layouts_types_and_batches_come_to_the_same(
    tmp_path: Path, layout: str, dtype: str, batch: int | str
) -> None:
    kinds = {
        "float32": TensorProto.FLOAT,
        "float16": TensorProto.FLOAT16,
        "uint8": TensorProto.UINT8,
    }
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT)]
    before, shape = "f", [batch, 3, 20, 24]
    after = "z" if layout == "NHWC" else "y"
    if layout == "NHWC":
        shape = [batch, 20, 24, 3]
        nodes.append(helper.make_node("Transpose", ["f"], ["t"], perm=[0, 3, 1, 2]))
        before = "t"
    nodes.append(helper.make_node("Conv", [before, "w"], [after]))
    if layout == "NHWC":
        nodes.append(helper.make_node("Transpose", ["z"], ["y"], perm=[0, 2, 3, 1]))
    weights = {"w": (MAGENTA / 255).reshape(1, 3, 1, 1)}
    path = save(tmp_path / "m.onnx", nodes, weights, shape=tuple(shape), kind=kinds[dtype])
    table = changed(
        SEGMENTER,
        input__size_px=[20, 24],
        input__layout=layout,
        input__dtype=dtype,
        input__scale=1,
    )
    model = open_model(write_manifest(path, table))
    pictures = np.random.default_rng(1).integers(0, 256, (3, 3, 20, 24)).astype(np.float32)
    count = min(3, model.batch)
    got = model.masks(pictures[:count])
    logits = np.einsum("nchw,c->nhw", pictures[:count], MAGENTA / 255)
    assert np.allclose(got, 1 / (1 + np.exp(-logits)), atol=1e-5)


def test_softmax_and_sigmoid_sum_and_choose() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(2, 4, 5, 6)).astype(np.float32) * 5
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    single = 1 / (1 + np.exp(-logits))

    def got(values: np.ndarray, spec: MaskSpec, **more: Any) -> np.ndarray:
        order = {"channels_last": False, **more}
        return chances_of_masks(
            values, spec, (2, 5, 6), classes=4, target=(1, 3), file="m", **order
        )

    soft = got(logits, MaskSpec("logits", exclusive=True))
    assert np.allclose(soft, share[:, 1] + share[:, 3], atol=1e-5)
    assert np.allclose(got(share, MaskSpec("probabilities", exclusive=True)), soft, atol=1e-5)
    apart = got(logits, MaskSpec("logits", exclusive=False))
    assert np.allclose(apart, np.maximum(single[:, 1], single[:, 3]), atol=1e-5)
    last = np.moveaxis(logits, 1, 3)
    again = got(last, MaskSpec("logits", exclusive=True), channels_last=True)
    assert np.array_equal(again, soft)
    # Logits of any size, also those whose exponential is no number any more.
    huge = got(logits * 1e30, MaskSpec("logits", exclusive=True))
    assert np.isfinite(huge).all()


KERNEL = MAGENTA.reshape(1, 3, 1, 1)


def test_a_model_that_is_not_what_its_manifest_says_is_refused(tmp_path: Path) -> None:
    def model(table: dict[str, Any], name: str = "m.onnx", **more: Any) -> Path:
        return write_manifest(magenta(tmp_path / name, **more), table)

    refused(model(changed(SEGMENTER, input__bands=["red", "green", "blue", "nir"])), "input.bands")
    refused(model(SEGMENTER, shape=(1, 3, 64, 64)), "input.size_px")
    refused(model(changed(SEGMENTER, input__layout="NHWC")), "input.layout")
    refused(model(changed(SEGMENTER, input__dtype="uint8")), "input.dtype")
    refused(model(SEGMENTER, shape=(900, 3, "h", "w")), "900")
    refused(model(changed(SEGMENTER, output__classes=["poppy", "ground"])), "one layer for each")
    refused(model(changed(SEGMENTER, output__tensor="mask")), "output.tensor")
    # A logit of 0 pixels is −4: no probability.
    refused(model(changed(SEGMENTER, output__values="probabilities")), "logits")
    refused(model(BOXES, shape=(1, 3, 64, 64)), "boxes")


def test_an_answer_smaller_than_the_picture_is_refused(tmp_path: Path) -> None:
    seven = np.ones((1, 3, 7, 7), dtype=np.float32)
    path = conv(tmp_path / "m.onnx", seven, 0.0, padded=False)
    error = refused(write_manifest(path, SEGMENTER), "as large as the input")
    assert "[1, 1, 442, 442]" in error.text.en


def test_answers_without_sense_are_refused(tmp_path: Path) -> None:
    def one(op: str, **more: Any) -> Path:
        node = helper.make_node(op, ["x"], ["y"], **more.pop("given", {}))
        return write_manifest(
            save(tmp_path / "m.onnx", [node], {}, shape=("n", 3, "h", "w"), **more), SEGMENTER
        )

    refused(one("Flatten"), "must have")
    refused(one("ReduceMean", given={"axes": [0, 1, 2, 3], "keepdims": 0}), "must have")
    refused(
        one("ArgMax", given={"axis": 1, "keepdims": 1}, answer=TensorProto.INT64), "floating point"
    )
    # 1/0 is infinite, its square root's logarithm as well.
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=[1], keepdims=1),
        helper.make_node("Reciprocal", ["m"], ["y"]),
    ]
    path = save(tmp_path / "m.onnx", nodes, {}, shape=("n", 3, "h", "w"))
    refused(write_manifest(path, SEGMENTER), "NaN or infinity")


def test_boxes_without_enough_figures_or_with_wild_scores_are_refused(tmp_path: Path) -> None:
    short = fixed_boxes(tmp_path / "a.onnx", np.zeros((3, 4)))
    refused(write_manifest(short, BOXES), "at least 5 figures")
    wild = fixed_boxes(tmp_path / "b.onnx", np.full((3, 5), 17.0))
    refused(write_manifest(wild, BOXES), "probabilities")


def test_several_tensors_must_be_named(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["y"]),
            helper.make_node("ReduceMean", ["x"], ["other"]),
        ],
        "two answers",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("other", "y")],
        [numpy_helper.from_array(KERNEL, "w")],
    )
    path = tmp_path / "m.onnx"
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(made, path)
    refused(write_manifest(path, SEGMENTER), "output.tensor")
    named = open_model(write_manifest(path, changed(SEGMENTER, output__tensor="y")))
    assert named.masks(np.zeros((1, 3, 16, 16), dtype=np.float32)).shape == (1, 16, 16)


class Marker:
    """Unpickling it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_hostile_files_are_refused_and_never_run(tmp_path: Path) -> None:
    path, mark = tmp_path / "m.onnx", tmp_path / "ran"
    good = magenta(path).read_bytes()
    write_manifest(path, SEGMENTER)
    for raw in (b"", b"hello", good[:-7], pickle.dumps(Marker(mark)), b"\x00" * 500):
        path.write_bytes(raw)
        refused(path, "can't be used")
    assert not mark.exists()
    assert not isinstance(pickle.loads(pickle.dumps(Marker(mark))), Marker)
    assert mark.exists()


@pytest.mark.parametrize("place", ["../w.bin", "{folder}/w.bin", "w.bin"])
def test_weights_in_other_files_are_never_opened(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    for where in (tmp_path, folder):
        (where / "w.bin").write_bytes(KERNEL.tobytes())
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1, 3, 1, 1])
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", place.format(folder=folder)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"])],
        "outside",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [tensor],
    )
    path = folder / "m.onnx"
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(made.SerializeToString())
    error = refused(write_manifest(path, SEGMENTER), "other files")
    assert error.code == "external_data"


def test_operators_of_others_are_refused(tmp_path: Path) -> None:
    node = helper.make_node("Own", ["x"], ["y"], domain="some.where")
    path = save(
        tmp_path / "m.onnx", [node], {}, shape=("n", 3, "h", "w"), domains=("", "some.where")
    )
    refused(write_manifest(path, SEGMENTER), "operators that ONNX doesn't have")


def test_a_model_beyond_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_manifest(magenta(tmp_path / "m.onnx"), SEGMENTER)
    monkeypatch.setattr(model_file, "MOST_BYTES", 50)
    refused(path, "limit", TooLargeError)


def test_a_missing_file_and_a_missing_library_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(tmp_path / "none.onnx", "none.onnx", UsageError)
    path = write_manifest(magenta(tmp_path / "m.onnx"), SEGMENTER)
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert refused(path, "geoinspect[onnx]", UsageError).code == "no_onnxruntime"


def test_a_loop_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["still"]),
            helper.make_node("Add", ["held", "held"], ["more"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("held", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, None),
        ],
    )
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=[1], keepdims=1),
        helper.make_node("Loop", ["rounds", "on", "m"], ["y"], body=body),
    ]
    weights = {"rounds": np.array(2**62), "on": np.array(True)}
    path = save(tmp_path / "m.onnx", nodes, weights, shape=("n", 3, "h", "w"))
    monkeypatch.setattr(model_file, "MOST_BATCH_S", 0.5)
    error = refused(write_manifest(path, SEGMENTER), "doesn't come to an end")
    assert error.code == "onnx_too_slow"
