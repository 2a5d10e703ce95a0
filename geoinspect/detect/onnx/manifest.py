"""What an ONNX model was trained for, from a TOML file beside it.

``poppy.onnx`` has ``poppy.toml``::

    name = "poppy-unet"            # shown with every result
    licence = "CC BY 4.0"          # may be left out, like source
    source = "where it comes from"

    [input]
    size_px = [256, 256]           # height, width; or "any"
    multiple_of = 32               # of sizes, and of where windows begin; 1 without it
    gsd_cm = 2.0                   # what it was trained on
    bands = ["red", "green", "blue"]
    layout = "NCHW"                # or "NHWC"
    dtype = "float32"              # or "float16", "uint8"
    scale = 255.0                  # pixels are divided by it; "type_max" for the type's largest
    mean = [0.485, 0.456, 0.406]   # then taken off; 0 without it
    std = [0.229, 0.224, 0.225]    # then divided by; 1 without it

    [output]
    kind = "segmentation"
    classes = ["ground", "poppy"]  # in the order of the model's numbers
    target = ["poppy"]
    halo_px = 32                   # edge of a window whose answer is not to be trusted
    values = "logits"              # or "probabilities"
    exclusive = true               # softmax; false: sigmoid of each class (always so for one class)

or, for boxes, an output of (batch, boxes, figures)::

    [output]
    kind = "boxes"
    classes = ["poppy"]
    target = ["poppy"]
    halo_px = 64                   # at least half of the largest box
    format = "xyxy"                # or "cxcywh"
    normalised = false             # true: 0 to 1 of the window
    box_index = 0                  # first of the four figures
    score_index = 4                # certainty of the box
    class_index = 5                # where the class number stands; or
    class_scores_index = 5         # the first of one score for each class
    transposed = false             # true: (batch, figures, boxes)
    score_threshold = 0.25

``input.tensor`` and ``output.tensor`` name the tensors of a model that has several.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geoinspect.detect.onnx.fields import Fields, bad_manifest

BANDS = ("red", "green", "blue", "nir", "rededge")
_MOST_BYTES = 64_000
_LEAST_SIDE_PX, MOST_SIDE_PX = 8, 2048
_MOST_BOX_FIGURES = 4096
# Side, without halo, of the windows of a model that takes any size: part of the method, not of
# the machine.
_INNER_PX = 448


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How pixels are given to the model.

    Attributes:
        size_px: Height and width; None when any multiple of ``multiple_of`` will do.
        multiple_of: Windows begin at whole multiples of it, so that a model that halves its picture
            several times halves it alike in all of them.
        gsd_cm: Ground sampling distance it was trained on.
        bands: Roles.
        scale: Pixels are divided by it; None: by the largest value of their type.
        tensor: Name; None when there is only one.
    """

    size_px: tuple[int, int] | None
    multiple_of: int
    gsd_cm: float
    bands: tuple[str, ...]
    layout: str
    dtype: str
    scale: float | None
    mean: tuple[float, ...] | None
    std: tuple[float, ...]
    tensor: str | None


@dataclass(frozen=True, slots=True)
class MaskSpec:
    """An answer for each pixel.

    Attributes:
        values: ``logits`` or ``probabilities``.
        exclusive: Whether the classes of a pixel share one certainty.
    """

    values: str
    exclusive: bool


@dataclass(frozen=True, slots=True)
class BoxSpec:
    """An answer in boxes; indices are places within the figures of one box.

    Attributes:
        form: ``xyxy`` or ``cxcywh``.
        score_index: None when the class scores are all there is.
        class_index: Of the number of the class, None without it.
        class_scores_index: Of the first of the class scores, None without them.
    """

    form: str
    normalised: bool
    box_index: int
    score_index: int | None
    class_index: int | None
    class_scores_index: int | None
    transposed: bool
    score_threshold: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """A model's manifest.

    Attributes:
        classes: In the order of the model's numbers.
        target: Numbers of the classes that are looked for.
        halo_px: Edge of a window, in pixels of the model, whose answer is thrown away.
    """

    name: str
    licence: str
    source: str
    input: InputSpec
    output: MaskSpec | BoxSpec
    classes: tuple[str, ...]
    target: tuple[int, ...]
    halo_px: int
    output_tensor: str | None

    @property
    def window_px(self) -> tuple[int, int]:
        """Height and width of the windows that the model is run on."""
        if self.input.size_px is not None:
            return self.input.size_px
        step = self.input.multiple_of
        side = -(-(_INNER_PX + 2 * self.halo_px) // step) * step
        return side, side


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a model.

    Args:
        path: The TOML file.

    Raises:
        InputError: It isn't there, is no TOML, or a field is missing, unknown or can't be; the
            error names the field.
    """
    name = path.name
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise bad_manifest(
            name,
            f"模型旁边应有说明文件“{name}”,却读不到",
            f"the model needs a manifest {name!r} beside it, which can't be read",
        ) from error
    if len(raw) > _MOST_BYTES:
        raise bad_manifest(name, "文件超过 64 KB", "it is larger than 64 KB")
    try:
        table = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        said = str(error)[:120]
        raise bad_manifest(name, f"不是合法的 TOML:{said}", f"it is no TOML: {said}") from error
    return parse_manifest(table, name)


def parse_manifest(table: dict[str, Any], name: str) -> Manifest:
    """Check a manifest that was read already; ``name`` is what errors call it.

    Raises:
        InputError: A field is missing, unknown or can't be; the error names the field.
    """
    top = Fields(table, name)
    title = top.text("name", most=60)
    licence, source = top.text("licence", default=""), top.text("source", default="")
    inputs, outputs = top.table("input"), top.table("output")
    top.done()
    spec = _input(inputs)
    classes = outputs.texts("classes")
    wanted = outputs.texts("target", among=classes)
    halo_px = outputs.whole("halo_px", 0, MOST_SIDE_PX)
    tensor = outputs.text("tensor", default="") or None
    kind = outputs.choice("kind", ("segmentation", "boxes"))
    answer = _mask(outputs) if kind == "segmentation" else _boxes(outputs, len(classes))
    outputs.done()
    manifest = Manifest(
        title,
        licence,
        source,
        spec,
        answer,
        classes,
        tuple(classes.index(target) for target in wanted),
        halo_px,
        tensor,
    )
    # Blocks don't begin where windows do, and windows only at whole multiples.
    room = min(manifest.window_px) - 2 * halo_px - spec.multiple_of
    if room < 4:
        raise outputs.wrong(
            "halo_px",
            f"窗口 {min(manifest.window_px)} 像素减去两侧的 {halo_px} 像素后几乎不剩",
            f"nothing is left of a window of {min(manifest.window_px)} pixels "
            f"without {halo_px} on each side",
        )
    if max(manifest.window_px) > MOST_SIDE_PX:
        raise outputs.wrong(
            "halo_px",
            f"窗口将达 {max(manifest.window_px)} 像素,上限为 {MOST_SIDE_PX}",
            f"windows would be {max(manifest.window_px)} pixels wide, the limit is {MOST_SIDE_PX}",
        )
    return manifest


def _input(fields: Fields) -> InputSpec:
    multiple_of = fields.whole("multiple_of", 1, 256, default=1)
    size: tuple[int, int] | None = None
    if not fields.is_word("size_px", "any"):
        high, wide = fields.wholes("size_px", 2, _LEAST_SIDE_PX, MOST_SIDE_PX)
        size = high, wide
        if high % multiple_of or wide % multiple_of:
            raise fields.wrong(
                "size_px",
                f"{high} × {wide} 不是 multiple_of = {multiple_of} 的倍数",
                f"{high} by {wide} is no multiple of multiple_of = {multiple_of}",
            )
    bands = fields.texts("bands", among=BANDS)
    scale = None
    if not fields.is_word("scale", "type_max"):
        scale = fields.number("scale", 1e-6, 1e9)
    spec = InputSpec(
        size,
        multiple_of,
        fields.number("gsd_cm", 0.05, 1000.0),
        bands,
        fields.choice("layout", ("NCHW", "NHWC")),
        fields.choice("dtype", ("float32", "float16", "uint8")),
        scale,
        fields.numbers("mean", len(bands), -1e6, 1e6) if fields.has("mean") else None,
        fields.numbers("std", len(bands), 1e-6, 1e9) if fields.has("std") else (1.0,) * len(bands),
        fields.text("tensor", default="") or None,
    )
    fields.done()
    return spec


def _mask(fields: Fields) -> MaskSpec:
    values = fields.choice("values", ("logits", "probabilities"))
    return MaskSpec(values, fields.flag("exclusive", default=True))


def _boxes(fields: Fields, classes: int) -> BoxSpec:
    most = _MOST_BOX_FIGURES
    places = {
        key: fields.whole(key, 0, most) if fields.has(key) else None
        for key in ("score_index", "class_index", "class_scores_index")
    }
    spec = BoxSpec(
        fields.choice("format", ("xyxy", "cxcywh")),
        fields.flag("normalised", default=False),
        fields.whole("box_index", 0, most, default=0),
        places["score_index"],
        places["class_index"],
        places["class_scores_index"],
        fields.flag("transposed", default=False),
        fields.number("score_threshold", 0.0, 1.0),
    )
    if spec.score_index is None and spec.class_scores_index is None:
        raise fields.wrong(
            "score_index",
            "score_index 与 class_scores_index 至少要写一个",
            "give score_index or class_scores_index",
        )
    if spec.class_index is None and spec.class_scores_index is None and classes > 1:
        raise fields.wrong(
            "class_index",
            "类别多于一个时,class_index 与 class_scores_index 要写一个",
            "give class_index or class_scores_index where there are several classes",
        )
    if spec.class_index is not None and spec.class_scores_index is not None:
        raise fields.wrong(
            "class_index",
            "class_index 与 class_scores_index 只能写一个",
            "give class_index or class_scores_index, not both",
        )
    return spec
