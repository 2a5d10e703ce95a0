"""The sensitivity of a detection over files, measured right after it on the planes it left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from geoinspect.detect.labelled import Label
from geoinspect.detect.listing import Listing
from geoinspect.detect.measure import Source
from geoinspect.detect.model import Ranking
from geoinspect.detect.run import judge_of
from geoinspect.detect.scan import Work, prepare, too_coarse
from geoinspect.detect.sensitivity import measure_sensitivity
from geoinspect.detect.sensitivity_plan import PATCHES
from geoinspect.detect.sensitivity_table import Sensitivity
from geoinspect.errors import Text, UsageError

Progress = Callable[[float], None]


def sensitivities_of(
    sources: Sequence[Source],
    ranking: Ranking,
    labels: Sequence[Label],
    listing: Listing,
    *,
    work: Work,
    patches: int = PATCHES,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[tuple[str, Sensitivity | Text]]:
    """Measure on each raster what share of simulated patches its detection would have listed.

    All stages of growth are planted, as the place of a file's ground in the season is not known.

    Args:
        sources: The rasters searched, without copies and refused ones.
        ranking, labels: That the detection was made with.
        listing: What was listed, all rasters together.
        work: Of the detection: its planes are taken up.

    Returns:
        For each raster its name and what was measured, or why nothing could be.

    Raises:
        RasterError: A raster can't be read any more.
        Stopped: The work was cancelled.
    """
    tell = progress or (lambda share: None)
    found: list[tuple[str, Sensitivity | Text]] = []
    with ExitStack() as stack:
        ready = [prepare(source, work, stack, lambda share: None) for source in sources]
        judge, _ = judge_of(ranking, labels, ready)
        for number, prepared in enumerate(ready):
            name = prepared.source.name
            if prepared.too_coarse:
                found.append((name, too_coarse(name, prepared.measured.scale.gsd_m)))
                continue

            def report(share: float, done: int = number) -> None:
                tell((done + share) / len(ready))

            try:
                measured: Sensitivity | Text = measure_sensitivity(
                    prepared.source,
                    prepared.measured,
                    prepared.tables,
                    judge,
                    listing,
                    patches=patches,
                    seed=seed,
                    workers=work.workers,
                    progress=report,
                    cancelled=work.cancelled,
                )
            except UsageError as error:
                measured = error.text
            found.append((name, measured))
    return found
