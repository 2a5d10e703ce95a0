"""Two rasters compared from the files on: patches found or given, measured, aligned, judged."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from geoinspect.detect.change.align import align
from geoinspect.detect.change.alignment import Alignment
from geoinspect.detect.change.compare import Change, Dated, Marked, compare
from geoinspect.detect.change.evidence import SurveyView, view_of
from geoinspect.detect.measure import Source
from geoinspect.detect.model import shipped
from geoinspect.detect.run import detect
from geoinspect.detect.scan import Work
from geoinspect.detect.sheets import Judge
from geoinspect.errors import RasterError, Text

Progress = Callable[[float], None]
_ALIGN_SHARE, _ONE_SHARE = 0.1, 0.45


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two dates compared.

    Attributes:
        changes: What became of each patch.
        warnings: What the reader should know.
    """

    alignment: Alignment
    changes: tuple[Change, ...]
    warnings: tuple[Text, ...]


def compare_rasters(
    before: Source,
    after: Source,
    *,
    patches_before: Sequence[Marked] | None = None,
    patches_after: Sequence[Marked] | None = None,
    judge: Judge | None = None,
    work: Work | None = None,
    folders: tuple[Path, Path] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare two surveys of the same ground.

    Args:
        patches_before, patches_after: What is marked on each; searched for when not given.
        judge: Gives the evidence of blocks; the shipped ranking without it.
        work: Threads, cancelling; its folder, when given, keeps the planes of both.
        folders: Where the planes of each are kept instead.

    Raises:
        RasterError: One of them can't be read.
        InputError: They share no ground.
        Stopped: The work was cancelled.
    """
    chosen, how = judge or shipped(), work or Work()
    tell = progress or (lambda share: None)
    alignment = align(before, after)
    tell(_ALIGN_SHARE)
    with tempfile.TemporaryDirectory(prefix="geoinspect-change-") as held:
        folder = how.folder if how.folder is not None else Path(held)
        places = folders or (folder / "before", folder / "after")
        works = [_work_in(how, place) for place in places]
        given = [patches_before, patches_after]
        warnings: list[Text] = []
        for number, source in enumerate((before, after)):
            if given[number] is None:
                given[number], said = _searched(source, works[number])
                warnings += said
            tell(_ALIGN_SHARE + _ONE_SHARE * (number + 1) - 0.05)
        with (
            view_of(before, chosen, works[0]) as old,
            view_of(after, chosen, works[1]) as new,
        ):
            changes = compare(_dated(old, given[0]), _dated(new, given[1]), alignment)
    tell(1.0)
    return Comparison(alignment, changes, tuple(warnings))


def _dated(view: SurveyView, patches: Sequence[Marked] | None) -> Dated:
    return Dated(view, () if patches is None else patches)


def _work_in(work: Work, folder: Path) -> Work:
    folder.mkdir(parents=True, exist_ok=True)
    return replace(work, folder=folder)


def _searched(source: Source, work: Work) -> tuple[list[Marked], tuple[Text, ...]]:
    """Return the patches of a raster as the detector finds them."""
    detection, refusals = detect(
        [(source.name, source.path)],
        settings=source.settings,
        bands=source.bands,
        window_px=source.window_px,
        work=work,
    )
    if refusals:
        refusal = refusals[0]
        raise RasterError(refusal.text.zh, refusal.text.en, code=refusal.code)
    marked = [
        Marked(number, patch.polygon, patch.crs, patch.logit)
        for number, patch in enumerate(detection.patches, start=1)
    ]
    return marked, detection.warnings
