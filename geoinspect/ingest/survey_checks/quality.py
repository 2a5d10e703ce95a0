"""What was measured of a survey's picture: records, and how they are written as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from geoinspect.ingest.survey_checks.exposure import Exposure
from geoinspect.records import Problem


@dataclass(frozen=True, slots=True)
class Sharpness:
    """How blurred.

    Attributes:
        blur_px: Standard deviation of the blur, the median of the windows.
        blurred_share: Windows blurred by 1.5 px or more.
        copied: How many times pixels were repeated each way; 1 is not at all.
        enlarged: How many times it was enlarged smoothly, at least; 1 where that doesn't show.
        detail_factor: True detail is the GSD times this; 1 for a sharp picture.
        windows: How many windows could be judged.
    """

    blur_px: float
    blurred_share: float
    copied: float
    enlarged: float
    detail_factor: float
    windows: int


@dataclass(frozen=True, slots=True)
class Seams:
    """Steps of light across the mosaic.

    Attributes:
        window_share: Judged windows with a seam.
        step: Median step of brightness, a share; 0 without seams.
        length_m_per_km2: Length of the seams found, by ground looked at.
        windows: How many windows could be judged.
    """

    window_share: float
    step: float
    length_m_per_km2: float
    windows: int


@dataclass(frozen=True, slots=True)
class Gaps:
    """Valid ground as it lies.

    Attributes:
        hole_share: Pixels without data in the midst of ground.
        fill_share: Ground of one colour without any grain: fill that is not marked as nodata.
        fill_colour: The commonest such colour.
    """

    hole_share: float
    fill_share: float
    fill_colour: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Quality:
    """All that was measured, each part None where it could not be (``not_checked`` says why).

    Attributes:
        windows: Windows looked at, of at most 256 × 256 pixels.
        sampled_share: Their share of the raster's pixels.
        roles_guessed: The file doesn't say which band is which colour; it was taken from habit.
    """

    windows: int
    sampled_share: float
    sharpness: Sharpness | None
    exposure: Exposure | None
    seams: Seams | None
    gaps: Gaps | None
    roles_guessed: bool
    not_checked: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return it as JSON, figures rounded to what they are good for."""
        parts = {
            name: None if part is None else _rounded(asdict(part))
            for name, part in (
                ("sharpness", self.sharpness),
                ("exposure", self.exposure),
                ("seams", self.seams),
                ("gaps", self.gaps),
            )
        }
        return {
            "windows": self.windows,
            "sampled_share": round(self.sampled_share, 6),
            **parts,
            "roles_guessed": self.roles_guessed,
            "not_checked": [problem.as_json() for problem in self.not_checked],
        }


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value
