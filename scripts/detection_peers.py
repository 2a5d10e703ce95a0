"""Other ways to find patches, for the detection table: scores of blocks, their peaks 4 m apart.

ExG threshold (Woebbecke et al. 1995), petal colour density, RX inside vegetation (Reed & Yu 1990;
five figures), and, with ten labels, a random forest on raw bands. Each gets about a metre of
smoothing, as ours has. A peak is a point: it counts as a hit wherever it lies on a patch, which is
easier than the outline that is asked of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from detector_data import planes_of
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from planted_rasters import Found, in_pixels, on_ground
from planted_scenes import Scene
from rasterio.features import rasterize
from sklearn.ensemble import RandomForestClassifier

from geoinspect.detect.block_cues import CUES
from geoinspect.detect.labelled import Label
from geoinspect.detect.plane_store import MemoryPlanes
from geoinspect.detect.planes import BRIGHT_STEPS, M_OFFSET, M_STEPS, Plane
from geoinspect.detect.sheets import Frame, Scale, cues_of

F8 = NDArray[np.float64]
Mask = NDArray[np.bool_]

EXG, PETALS, RX, FOREST = "ExG", "petal colour", "RX in vegetation", "random forest on raw bands"
FREE, TAUGHT = (EXG, PETALS, RX), (FOREST,)
_PEAK_M, _SMOOTH_M, _MOST = 4.0, 1.25, 4000
_RX_CUES = ("glaucous", "leaf_red", "leaf_bright", "patch_petals", "roughness")
_BACKGROUND = 3000
# Darker blocks (of the brightness of leaves) lie in deep shade and have no colour to speak of.
_LEAST_BRIGHT = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A scene as the peers see it.

    Attributes:
        bands: Mean red, green, blue of blocks, in the brightness of leaves, shape (rows, cols, 3).
        cues: Shape (rows, cols, cues).
        judged, plants: Shape (rows, cols).
    """

    scene: Scene
    scale: Scale
    bands: F8
    cues: NDArray[np.float32]
    judged: Mask
    plants: Mask


def view_of(scene: Scene) -> View:
    """Return a scene as the peers see it."""
    scale = Scale.of_gsd(scene.gsd_m)
    planes = planes_of(scene.pixels, scene.gsd_m)
    assert planes is not None
    rows, cols = planes.shape[:2]
    strips = list(cues_of(MemoryPlanes(planes), scale, Frame(0, 0, rows, cols)))
    cues, judged, plants = (np.concatenate([strip[k] for strip in strips]) for k in (1, 2, 3))
    return View(scene, scale, _bands(planes), cues, judged, plants)


def peer_points(name: str, view: View, labels: Sequence[Label] = ()) -> list[Found]:
    """Return the peaks of a way's score: score and point in the scene's CRS, best first."""
    if name == EXG:
        total = view.bands.sum(axis=2)
        greenness = 3 * view.bands[:, :, 1] / np.maximum(total, _LEAST_BRIGHT) - 1
        score = np.where(view.plants & (total > _LEAST_BRIGHT), greenness, -np.inf)
    elif name == PETALS:
        petals = view.cues[:, :, CUES.index("patch_petals")]
        score = np.where(view.judged, petals.astype(np.float64), -np.inf)
    elif name == RX:
        score = _rx(view)
    else:
        score = _forest(view, labels)
    return _peaks(score, view)


def _bands(planes: NDArray[np.uint16]) -> F8:
    bright = planes[:, :, Plane.BRIGHT] / BRIGHT_STEPS
    magenta = planes[:, :, Plane.M] / M_STEPS - M_OFFSET
    warm = planes[:, :, Plane.RB] / M_STEPS - M_OFFSET
    green = (bright - magenta) / 3
    both = bright - green
    bands = np.stack([(both + warm) / 2, green, (both - warm) / 2], axis=2)
    bands[planes[:, :, Plane.BRIGHT] == 0] = 0
    return bands


def _rx(view: View) -> F8:
    """Return the Mahalanobis distance of plants from the scene's plants."""
    values = view.cues[:, :, [CUES.index(cue) for cue in _RX_CUES]].astype(np.float64)
    inside = values[view.plants]
    if len(inside) < 2 * len(_RX_CUES):
        return np.full(view.plants.shape, -np.inf)
    inverse = np.linalg.pinv(np.cov(inside.T))
    away = values - inside.mean(axis=0)
    return np.where(view.plants, ((away @ inverse) * away).sum(axis=2), -np.inf)


def _forest(view: View, labels: Sequence[Label]) -> F8:
    """Return the chance by a forest that learns the labels' blocks and, as others, plain ones."""
    shape = view.judged.shape
    shapes = [
        (shapely.transform(in_pixels(view.scene, label.polygon), _divided(view)), 1 + label.poppy)
        for label in labels
    ]
    told = rasterize(shapes, out_shape=shape, dtype="uint8") if shapes else np.zeros(shape, "uint8")
    if not np.any(told == 2):
        return np.full(shape, -np.inf)
    rng = np.random.default_rng(0)
    plain = rng.permutation(np.flatnonzero((told == 0) & view.judged))[:_BACKGROUND]
    use = told > 0
    use.ravel()[plain] = True
    model = RandomForestClassifier(100, min_samples_leaf=3, class_weight="balanced", random_state=0)
    model.fit(view.bands[use], told[use] == 2)
    chance = model.predict_proba(view.bands.reshape(-1, 3))
    known = chance[:, 1] if chance.shape[1] == 2 else np.ones(len(chance))
    return np.where(view.judged, known.reshape(shape), -np.inf)


def _divided(view: View):  # noqa: ANN202 - a lambda for shapely
    return lambda points: points / view.scale.block_px


def _peaks(score: F8, view: View) -> list[Found]:
    known = np.isfinite(score)
    if not known.any():
        return []
    filled = np.where(known, score, score[known].min())
    smooth = _windows(filled, _SMOOTH_M / view.scale.block_m, np.mean)
    top = _windows(smooth, 2 * _PEAK_M / view.scale.block_m, np.max)
    rows, cols = np.nonzero((smooth == top) & known)
    order = np.argsort(-smooth[rows, cols], kind="stable")[:_MOST]
    side = view.scale.block_px
    return [
        (
            float(smooth[row, col]),
            on_ground(view.scene, shapely.Point((col + 0.5) * side, (row + 0.5) * side)),
        )
        for row, col in zip(rows[order].tolist(), cols[order].tolist(), strict=True)
    ]


def _windows(values: F8, width: float, what) -> F8:  # noqa: ANN001 - np.mean or np.max
    """Return the mean or highest of a square around each block, its side odd and about ``width``."""
    reach = max(1, round((width - 1) / 2))
    for axis in (0, 1):
        margin = [(reach, reach) if k == axis else (0, 0) for k in (0, 1)]
        padded = np.pad(values, margin, mode="edge")
        values = what(sliding_window_view(padded, 2 * reach + 1, axis=axis), axis=-1)
    return values
