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
from geoinspect.survey_records import Detection, DetectOptions

if TYPE_CHECKING:
    from geoinspect.detect.labelled import Label
    from geoinspect.detect.scan import Work
    from geoinspect.detect.sensitivity_table import Sensitivity
    from geoinspect.detect.targets import Target, TargetTable

    Measured = tuple[str, Sensitivity | Text]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What a detection was made with.

    Attributes:
        refused: Names of the rasters that could not be used.
        table: Of the targets, poppy among them.
    """

    detector: str
    options: DetectOptions
    labels: Sequence[Label]
    refused: AbstractSet[str]
    table: TargetTable


def measure_stored(survey_id: int) -> UsageError:
    """Return what to say of a stored survey, which has a command of its own."""
    return UsageError(
        f"已入库的航测请用 geoinspect surveys sensitivity {survey_id}",
        f"for a stored survey run geoinspect surveys sensitivity {survey_id}",
        code="too_much",
    )


def check_measurable(
    detector: str, target: Target, ndvi: Sequence[Path], signature: str | None
) -> None:
    """Refuse what simulated patches of poppy in three colours can't measure.

    Raises:
        UsageError: Another target or detector, a season or a spectrum is asked for, or the table
            cuts objects at heights of its own.
    """
    from geoinspect.detect.targets import DEFAULT_TARGET

    if target.thresholds.heights is not None:
        raise UsageError(
            f"目标表为“{target.zh}”另定了 heights,--measure-sensitivity 只能按默认的 heights 测量:"
            "请去掉其中一个",
            f"the table sets heights of its own for {target.en}, and --measure-sensitivity measures "
            "at the usual ones: leave out one of the two",
            code="not_measurable",
        )
    if detector.endswith(".onnx") or target.key != DEFAULT_TARGET or ndvi or signature:
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
    from geoinspect.detect.listing import listing_of, suspected_of
    from geoinspect.detect.measure import Source
    from geoinspect.detect.model import load
    from geoinspect.detect.sensitivity_files import sensitivities_of
    from geoinspect.detect.targets import DEFAULT_TARGET

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
        suspected_of(detection.patches),
        budget_per_km2=detection.budget_per_km2,
        valid_area_m2=detection.valid_area_m2,
        min_area_m2=detection.min_area_m2,
    )
    if taken.detector.endswith(".npz"):
        ranking = load(Path(taken.detector))
    else:
        ranking = taken.table.ranking(taken.table.target(DEFAULT_TARGET))
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
