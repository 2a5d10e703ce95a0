"""An ONNX file opened, compared with its manifest, and tried on an empty picture before it is used."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoinspect.detect.measure import cores_of_machine
from geoinspect.detect.onnx.answers import Boxes, boxes_of, chances_of_masks
from geoinspect.detect.onnx.manifest import BoxSpec, InputSpec, Manifest, read_manifest
from geoinspect.errors import InputError, TooLargeError, UsageError

F4 = NDArray[np.float32]

# Held in memory next to the raster's windows.
MOST_BYTES = 400_000_000
# A batch that takes longer is a loop without end, or of no use.
MOST_BATCH_S = 300.0
# Pixels given to the model at once.
_BATCH_PX, _MOST_BATCH = 800_000, 16
_HASH_LETTERS = 12
_TYPES = {"float32": "tensor(float)", "float16": "tensor(float16)", "uint8": "tensor(uint8)"}
_ANSWERS = ("tensor(float)", "tensor(float16)", "tensor(double)")
_QUIET = 4
_FOLDER_OPTION = "session.model_external_initializers_file_folder_path"


@dataclass(frozen=True, slots=True, eq=False)
class OnnxModel:
    """A model that fits its manifest.

    Attributes:
        file: Name of the file, for errors.
        digest: First letters of the SHA-256 of the model followed by its manifest.
        batch: How many windows are given at once.
        padded: Whether the model takes just so many and no fewer.
        session: Of ONNX Runtime.
        input_name, output_name: Tensors.
    """

    file: str
    manifest: Manifest
    digest: str
    batch: int
    padded: bool
    session: Any
    input_name: str
    output_name: str

    @property
    def name(self) -> str:
        """Name of the detector in results."""
        return f"{self.manifest.name} {self.digest}"

    def masks(self, pictures: F4) -> F4:
        """Return the chance of the target at each pixel, shape (n, h, w).

        Args:
            pictures: Scaled pixels, shape (n, bands, h, w), n at most ``batch``.

        Raises:
            InputError: The answer has another shape than promised, or holds no numbers.
        """
        manifest = self.manifest
        assert not isinstance(manifest.output, BoxSpec)
        answer = self._answer(pictures)
        return chances_of_masks(
            answer,
            manifest.output,
            (len(pictures), *pictures.shape[2:]),
            channels_last=manifest.input.layout == "NHWC",
            classes=len(manifest.classes),
            target=manifest.target,
            file=self.file,
        )

    def boxes(self, pictures: F4) -> list[Boxes]:
        """Return the boxes of the target in each picture; arguments as of :meth:`masks`.

        Raises:
            InputError: The answer has another shape than promised, or holds no numbers.
        """
        manifest = self.manifest
        assert isinstance(manifest.output, BoxSpec)
        high, wide = pictures.shape[2:]
        return boxes_of(
            self._answer(pictures),
            manifest.output,
            (len(pictures), high, wide),
            classes=len(manifest.classes),
            target=manifest.target,
            file=self.file,
        )

    def _answer(self, pictures: F4) -> NDArray[Any]:
        import onnxruntime  # noqa: PLC0415 - an optional library

        spec = self.manifest.input
        given = pictures
        if self.padded and len(given) < self.batch:
            empty = np.zeros((self.batch - len(given), *given.shape[1:]), dtype=np.float32)
            given = np.concatenate([given, empty])
        if spec.layout == "NHWC":
            given = given.transpose(0, 2, 3, 1)
        kind = np.dtype(spec.dtype)
        if kind == np.uint8:
            given = np.clip(np.rint(given), 0, 255)
        fed = {self.input_name: np.ascontiguousarray(given, dtype=kind)}
        run = onnxruntime.RunOptions()
        run.log_severity_level = _QUIET
        clock = threading.Timer(MOST_BATCH_S, setattr, (run, "terminate", True))
        clock.daemon = True
        clock.start()
        try:
            answer = self.session.run([self.output_name], fed, run)[0]
        except Exception as error:
            if run.terminate:
                raise _unfit(
                    self.file,
                    f"{MOST_BATCH_S:.0f} 秒内算不完 {len(given)} 幅图",
                    f"it doesn't come to an end with {len(given)} picture(s) within "
                    f"{MOST_BATCH_S:.0f} s",
                    code="onnx_too_slow",
                ) from error
            raise _unfit(self.file, *_said("运行失败", "it fails when it is run", error)) from error
        finally:
            clock.cancel()
        if answer.ndim > 0 and len(answer) == self.batch and self.padded:
            answer = answer[: len(pictures)]
        return np.asarray(answer)


def open_model(path: Path, *, workers: int | None = None) -> OnnxModel:
    """Open a model with the manifest beside it, and try it on an empty picture.

    Nothing in the file is ever unpickled, other files that it names are never opened, and operators
    that are not ONNX's own are refused.

    Args:
        path: ``NAME.onnx``; its manifest is ``NAME.toml``.
        workers: Threads of the model; all cores without it.

    Raises:
        UsageError: ONNX Runtime is not installed, or there is no such file.
        TooLargeError: The model is larger than ``MOST_BYTES``.
        InputError: The manifest is wrong, or the model is not what it says.
    """
    file = path.name
    try:
        import onnxruntime  # noqa: PLC0415 - an optional library
    except ImportError as error:
        raise UsageError(
            "使用 ONNX 模型需要 onnxruntime:请运行 pip install 'geoinspect[onnx]'",
            "an ONNX model needs onnxruntime: run pip install 'geoinspect[onnx]'",
            code="no_onnxruntime",
        ) from error
    raw = _bytes_of(path)
    beside = path.with_suffix(".toml")
    manifest = read_manifest(beside)
    digest = hashlib.sha256(raw)
    digest.update(beside.read_bytes())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = workers or cores_of_machine()
    options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    # Idle threads leave the cores to the one that reads.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        # Weights in files beside the model are looked for in an empty folder, so none is opened.
        with tempfile.TemporaryDirectory(prefix="geoinspect-onnx-") as nothing:
            options.add_session_config_entry(_FOLDER_OPTION, nothing)
            session = onnxruntime.InferenceSession(
                raw, sess_options=options, providers=["CPUExecutionProvider"]
            )
    except Exception as error:
        raise _not_loaded(file, error) from error
    del raw
    model = _bound(session, manifest, digest.hexdigest()[:_HASH_LETTERS], file)
    _try(model)
    return model


def _bytes_of(path: Path) -> bytes:
    file = path.name
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise TooLargeError(
                f"模型“{file}”有 {size / 1e6:.0f} MB,上限为 {MOST_BYTES / 1e6:.0f} MB",
                f"the model {file!r} has {size / 1e6:.0f} MB, the limit is "
                f"{MOST_BYTES / 1e6:.0f} MB",
            )
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"读不到模型文件“{path}”", f"the model {str(path)!r} can't be read", code="no_model"
        ) from error


def _not_loaded(file: str, error: Exception) -> InputError:
    said = str(error)
    lower = said.lower()
    if "external" in lower:
        return _unfit(
            file,
            "它的权重在另外的文件里,请合并为一个 .onnx 文件",
            "it keeps weights in other files; save it as one .onnx file",
            code="external_data",
        )
    if "not a registered function/op" in lower or "no opset import" in lower:
        return _unfit(
            file, *_said("含有非标准算子", "it uses operators that ONNX doesn't have", error)
        )
    return _unfit(file, *_said("不是可用的 ONNX 文件", "it is no usable ONNX file", error))


def _said(zh: str, en: str, error: Exception) -> tuple[str, str]:
    """Return a message with the first line of what ONNX Runtime says."""
    first = (str(error).splitlines() or [""])[0][:200]
    return f"{zh}({first})", f"{en} ({first})"


def _bound(session: Any, manifest: Manifest, digest: str, file: str) -> OnnxModel:  # noqa: ANN401
    """Return the model with its tensors chosen, types and shapes compared."""
    spec = manifest.input
    given = _tensor(session.get_inputs(), spec.tensor, file, "input")
    answer = _tensor(session.get_outputs(), manifest.output_tensor, file, "output")
    if len(session.get_inputs()) > 1:
        raise _unfit(
            file,
            f"有 {len(session.get_inputs())} 个输入,只支持一个图像输入",
            f"it has {len(session.get_inputs())} inputs, only one picture is given",
        )
    if given.type != _TYPES[spec.dtype]:
        raise _unfit(
            file,
            f"输入类型是 {given.type},说明写的是 {spec.dtype}(input.dtype)",
            f"its input is {given.type}, the manifest says {spec.dtype} (input.dtype)",
        )
    if answer.type not in _ANSWERS:
        raise _unfit(
            file,
            f"输出类型是 {answer.type},应为浮点数",
            f"its output is {answer.type}, must be floating point",
        )
    batch = _check_shape(given.shape, manifest, file)
    high, wide = manifest.window_px
    fixed = batch is not None
    count = batch if batch is not None else max(1, min(_MOST_BATCH, _BATCH_PX // (high * wide)))
    return OnnxModel(file, manifest, digest, count, fixed, session, given.name, answer.name)


def _tensor(tensors: Sequence[Any], name: str | None, file: str, side: str) -> Any:  # noqa: ANN401
    names = ", ".join(tensor.name for tensor in tensors)[:200]
    if name is None and len(tensors) == 1:
        return tensors[0]
    for tensor in tensors:
        if tensor.name == name:
            return tensor
    raise _unfit(
        file,
        f"请在 {side}.tensor 写明用哪个张量:{names}",
        f"say in {side}.tensor which tensor is meant: {names}",
    )


def _check_shape(shape: Sequence[int | str | None], manifest: Manifest, file: str) -> int | None:
    """Compare the model's input with the manifest; return its batch size if that is fixed."""
    spec = manifest.input
    wanted = _input_shape(spec, manifest.window_px)
    names = ("batch", "bands", "height", "width")
    if spec.layout == "NHWC":
        names = ("batch", "height", "width", "bands")
    if len(shape) != 4:
        raise _unfit(
            file,
            f"输入形状是 {list(shape)},应为 4 维 {spec.layout}",
            f"its input has shape {list(shape)}, must have 4 axes, {spec.layout}",
        )
    for name, have, want in zip(names[1:], shape[1:], wanted, strict=True):
        if isinstance(have, int) and have != want:
            field = "input.bands" if name == "bands" else "input.layout, input.size_px"
            raise _unfit(
                file,
                f"输入形状是 {list(shape)},其中 {name} 为 {have},说明({field})要求 {want}",
                f"its input has shape {list(shape)}: {name} is {have}, the manifest ({field}) "
                f"asks for {want}",
            )
    batch = shape[0]
    if not isinstance(batch, int):
        return None
    if not 1 <= batch <= _MOST_BATCH:
        raise _unfit(
            file,
            f"每批固定为 {batch} 幅,应为 1 到 {_MOST_BATCH}",
            f"it takes {batch} pictures at once, must be 1 to {_MOST_BATCH}",
        )
    return batch


def _input_shape(spec: InputSpec, window_px: tuple[int, int]) -> tuple[int, int, int]:
    bands = len(spec.bands)
    return (*window_px, bands) if spec.layout == "NHWC" else (bands, *window_px)


def _try(model: OnnxModel) -> None:
    """Run the model once on zeros."""
    spec = model.manifest.input
    picture = np.zeros((1, len(spec.bands), *model.manifest.window_px), dtype=np.float32)
    if isinstance(model.manifest.output, BoxSpec):
        model.boxes(picture)
    else:
        model.masks(picture)


def _unfit(file: str, zh: str, en: str, *, code: str = "bad_onnx") -> InputError:
    return InputError(
        f"模型“{file}”不可用:{zh}", f"the model {file!r} can't be used: {en}", code=code
    )
