"""``geoinspect detect --measure-sensitivity``: simulated patches on the rasters just searched."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoinspect.cli.output import progress_bar, say
from geoinspect.cli.sensitivity import print_sensitivity
from geoinspect.errors import Text, UsageError
from geoinspect.files import readable
from geoinspect.settings import load_settings
from geoinspect.survey_records import Detection, DetectOptions, PatchState

if TYPE_CHECKING:
    from geoinspect.detect.labelled import Label
    from geoinspect.detect.scan import Work
    from geoinspect.detect.sensitivity_table import Sensitivity

    Measured = tuple[str, Sensitivity | Text]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What a detection was made with.

    Attributes:
        refused: Names of the rasters that could not be used.
    """

    detector: str
    options: DetectOptions
    labels: Sequence[Label]
    refused: AbstractSet[str]


def measure_stored(survey_id: int) -> UsageError:
    """Return what to say of a stored survey, which has a command of its own."""
    return UsageError(
        f"已入库的航测请用 geoinspect surveys sensitivity {survey_id}",
        f"for a stored survey run geoinspect surveys sensitivity {survey_id}",
        code="too_much",
    )


def check_measurable(
    detector: str, target: str | None, ndvi: Sequence[Path], signature: str | None
) -> None:
    """Refuse what simulated patches of poppy in three colours can't measure.

    Raises:
        UsageError: Another target or detector, a season or a spectrum is asked for.
    """
    from geoinspect.detect.targets import DEFAULT_TARGET

    if detector.endswith(".onnx") or target not in (None, DEFAULT_TARGET) or ndvi or signature:
        raise UsageError(
            "--measure-sensitivity 只能测量自带检测器(或 .npz)对罂粟的检出率,不能与 .onnx、--ndvi、"
            "--signature 或其他 --target 同用:模拟图斑没有光谱和生长季",
            "--measure-sensitivity measures how well cues (or a .npz) find poppy and goes with no "
            ".onnx, --ndvi, --signature or other --target: simulated patches have no spectrum and "
            "no season",
            code="not_measurable",
        )


def measured_sensitivities(
    rasters: Sequence[Path], detection: Detection, taken: TakenOver, work: Work
) -> list[Measured]:
    """Return what was measured on each raster that was searched."""
    from geoinspect.detect.copies import content_keys
    from geoinspect.detect.measure import Source
    from geoinspect.detect.model import load, shipped
    from geoinspect.detect.sensitivity import listing_of
    from geoinspect.detect.sensitivity_files import sensitivities_of

    settings, options = load_settings(), taken.options
    keys: set[str] = set()
    sources = []
    for path, key in zip(rasters, content_keys(rasters), strict=True):
        if readable(path) in taken.refused or key in keys:
            continue
        keys |= set() if key is None else {key}
        sources.append(Source(path, readable(path), settings, options.bands))
    if not detection.valid_area_m2 > 0:
        return []
    listing = listing_of(
        [p.logit for p in detection.patches if p.state is PatchState.SUSPECTED],
        budget_per_km2=options.budget_per_km2 or settings.budget_per_km2,
        valid_area_m2=detection.valid_area_m2,
        min_area_m2=options.min_area_m2 or settings.patch_min_area_m2,
    )
    ranking = load(Path(taken.detector)) if taken.detector.endswith(".npz") else shipped()
    with progress_bar("sensitivity") as progress:
        return sensitivities_of(
            sources, ranking, taken.labels, listing, work=work, progress=progress
        )


def sensitivity_json(name: str, told: Sensitivity | Text) -> dict[str, Any]:
    """Return a raster's sensitivity for programs, or why there is none."""
    if isinstance(told, Text):
        return {"file": name, "measured": False, "message": told.en, "message_zh": told.zh}
    return {"file": name, "measured": True, **told.as_json()}


def print_measured(name: str, told: Sensitivity | Text) -> None:
    """Print a raster's sensitivity, or why there is none."""
    if isinstance(told, Text):
        say(told)
        return
    say(Text(f"影像“{name}”:", f"{name!r}:"))
    print_sensitivity(told.as_json())
