"""Other ways to find patches, for the detection table: scores of blocks, their peaks 4 m apart.

ExG threshold, petal colour density, RX inside vegetation (Reed & Yu 1990; five figures), and, with
ten labels, a random forest on raw bands. Each is given the same metre of smoothing as ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from detector_data import planes_of
from planted_scenes import Scene
from rasterio.features import rasterize
from scipy.ndimage import maximum_filter, uniform_filter
from sklearn.ensemble import RandomForestClassifier

from geoinspect.detect.block_cues import CUES
from geoinspect.detect.labelled import Label
from geoinspect.detect.plane_store import MemoryPlanes
from geoinspect.detect.planes import BRIGHT_STEPS, M_OFFSET, M_STEPS, Plane
from geoinspect.detect.sheets import Frame, Scale, cues_of

PEERS = (
    ("ExG", "free"),
    ("petal colour", "free"),
    ("RX in vegetation", "free"),
    ("random forest on raw bands", "labels"),
)
_PEAK_M, _MOST = 4.0, 4000
_RX_CUES = ("glaucous", "leaf_red", "leaf_bright", "patch_petals", "roughness")


def peer_points(
    name: str, scene: Scene, asked: Sequence[object] | None
) -> list[tuple[float, tuple[float, float]]]:
    """Return the peaks of a way's score: score and place in pixels (x, y), best first."""
    scale = Scale.of_gsd(scene.gsd_m)
    planes = planes_of(scene.pixels, scene.gsd_m)
    assert planes is not None
    frame = Frame(0, 0, planes.shape[0], planes.shape[1])
    parts = list(cues_of(MemoryPlanes(planes), scale, frame))
    cues = np.concatenate([part[1] for part in parts])
    plants = np.concatenate([part[3] for part in parts])
    bands = _bands(planes)
    if name == "ExG":
        total = np.maximum(bands.sum(axis=2), 1e-6)
        score = np.where(plants, 3 * bands[:, :, 1] / total - 1, -np.inf)
    elif name == "petal colour":
        score = cues[:, :, CUES.index("patch_petals")].astype(float)
    elif name == "RX in vegetation":
        score = _rx(cues[:, :, [CUES.index(cue) for cue in _RX_CUES]].astype(float), plants)
    else:
        assert asked is not None
        score = _forest(bands, scene, asked[1], scale)
    return _peaks(score, scale)


def _bands(planes: np.ndarray) -> np.ndarray:
    """Return mean red, green, blue of blocks, in the brightness of leaves."""
    bright = planes[:, :, Plane.BRIGHT] / BRIGHT_STEPS
    magenta = planes[:, :, Plane.M] / M_STEPS - M_OFFSET
    warm = planes[:, :, Plane.RB] / M_STEPS - M_OFFSET
    green = (bright - magenta) / 3
    both = bright - green
    return np.stack([(both + warm) / 2, green, (both - warm) / 2], axis=2)


def _rx(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    inside = values[mask]
    middle = inside.mean(axis=0)
    inverse = np.linalg.pinv(np.cov(inside.T))
    away = values - middle
    distance = np.einsum("ijk,kl,ijl->ij", away, inverse, away)
    return np.where(mask, distance, -np.inf)


def _forest(bands: np.ndarray, scene: Scene, labels: Sequence[Label], scale: Scale) -> np.ndarray:
    """Return the chance by a forest on raw band means, taught by the labels' blocks."""
    to_block = scene.gsd_m * scale.block_px
    shapes = [
        (
            shapely.transform(
                a.polygon,
                lambda p: np.column_stack(
                    [(p[:, 0] - 500_000.0) / to_block, (3_760_000.0 - p[:, 1]) / to_block]
                ),
            ),
            1 + a.poppy,
        )
        for a in labels
    ]
    told = rasterize(shapes, out_shape=bands.shape[:2], dtype="uint8")
    model = RandomForestClassifier(100, min_samples_leaf=3, class_weight="balanced", random_state=0)
    model.fit(bands[told > 0], told[told > 0] == 2)
    chance = model.predict_proba(bands.reshape(-1, 3))[:, 1].reshape(bands.shape[:2])
    return np.asarray(chance)


def _peaks(score: np.ndarray, scale: Scale) -> list[tuple[float, tuple[float, float]]]:
    finite = np.where(
        np.isfinite(score), score, np.nanmin(np.where(np.isfinite(score), score, np.nan))
    )
    smooth = uniform_filter(finite, max(1, round(1.25 / scale.block_m)))
    top = maximum_filter(smooth, max(3, round(2 * _PEAK_M / scale.block_m) | 1))
    rows, cols = np.nonzero((smooth == top) & np.isfinite(score))
    order = np.argsort(-smooth[rows, cols], kind="stable")[:_MOST]
    return [
        (
            float(smooth[rows[i], cols[i]]),
            ((cols[i] + 0.5) * scale.block_px, (rows[i] + 0.5) * scale.block_px),
        )
        for i in order
    ]
