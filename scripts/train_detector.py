"""Train the ranking of cues on planted scenes of one hand; figures on scenes of the other.

    python scripts/detector_data.py DATA_A --hand a --scenes 210
    python scripts/detector_data.py DATA_B --hand b --scenes 40 --per-ha 3 --seed 7000
    python scripts/train_detector.py DATA_A --test DATA_B --out geoinspect/data/cue_ranking.npz

A forest judges blocks; a second judges the objects that hang together in the first one's evidence.
So that the second learns from evidence as it is on ground never seen, its examples come from
block forests that were taught on the other half of the scenes. All of it is simulated.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from planted_curves import figures, listed
from planted_rows import Loaded, block_rows, load_scenes, object_rows, scene_files
from sklearn.ensemble import HistGradientBoostingClassifier

from geoinspect.detect.forest import Forest, boosted
from geoinspect.detect.model import Ranking
from geoinspect.detect.objects import FEATURES

NAME = "cues"
SEED = 0


def main() -> None:
    """Train, tell the figures, write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("train", type=Path, help="folder of scenes by detector_data.py")
    parser.add_argument("--test", type=Path, nargs="*", default=[], help="folders of other scenes")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    asked = parser.parse_args()
    started = time.perf_counter()

    def say(text: str) -> None:
        print(f"{time.perf_counter() - started:6.0f} s  {text}", file=sys.stderr)

    scenes = load_scenes(asked.train)
    if len(scenes) < 2:
        parser.error(f"{asked.train} holds {len(scenes)} scenes; at least two are needed")
    say(f"{len(scenes)} scenes loaded")
    blocks, objects = train(scenes)
    say("trained")
    told = {}
    for folder in asked.test:
        told[folder.name] = measured(load_scenes(folder), blocks, objects)
        for stratum, parts in told[folder.name].items():
            print(folder.name, stratum, json.dumps(parts, ensure_ascii=False), sep=" | ")
    about = about_training(asked.train, scenes, told)
    Ranking(NAME, blocks, objects, about).save(asked.out)
    say(f"wrote {asked.out}")


def train(scenes: Sequence[Loaded]) -> tuple[Forest, Forest]:
    """Return the forests of blocks and of objects."""
    rng = np.random.default_rng(SEED)
    halves = scenes[0::2], scenes[1::2]
    rows = []
    for own, other in (halves, halves[::-1]):
        model = train_blocks(own, rng)
        rows += [object_rows(scene, model) for scene in other]
    blocks = train_blocks(scenes, rng)
    figures, patch, weight = (np.concatenate([part[k] for part in rows]) for k in range(3))
    learner = HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.08,
        max_leaf_nodes=12,
        min_samples_leaf=40,
        l2_regularization=5.0,
        max_features=0.3,
        random_state=SEED,
    )
    return blocks, boosted(learner.fit(figures, patch, sample_weight=weight))


def train_blocks(scenes: Sequence[Loaded], rng: np.random.Generator) -> Forest:
    """Return a forest that tells blocks of patches from others by their levels."""
    parts = [block_rows(scene, rng) for scene in scenes]
    levels, patch = (np.concatenate([part[k] for part in parts]) for k in range(2))
    learner = HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.1,
        max_leaf_nodes=24,
        min_samples_leaf=200,
        l2_regularization=5.0,
        max_features=0.5,
        random_state=SEED,
    )
    return boosted(learner.fit(levels, patch))


def measured(scenes: Sequence[Loaded], blocks: Forest, objects: Forest) -> dict[str, Any]:
    """Return figures by stratum: with the forest of objects, and with mean evidence alone."""
    packed = Ranking(NAME, blocks, objects).packed
    mean = FEATURES.index("evidence_mean")
    ranked = figures([listed(scene, packed, objects.of_rows) for scene in scenes])
    plain = figures([listed(scene, packed, lambda rows: rows[:, mean]) for scene in scenes])
    return {name: {"objects": ranked[name], "mean evidence": plain[name]} for name in ranked}


def about_training(
    folder: Path, scenes: Sequence[Loaded], told: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return what a model says of its origin."""
    return {
        "simulated": True,
        "date": datetime.now(UTC).date().isoformat(),
        "scenes": len(scenes),
        "grounds": sorted({scene.ground for scene in scenes}),
        "renderers": sorted({scene.path.name.partition("_")[0] for scene in scenes}),
        "sha256": data_hash(folder),
        "recall": {
            name: {stratum: parts["objects"] for stratum, parts in strata.items()}
            for name, strata in told.items()
        },
    }


def data_hash(folder: Path) -> str:
    """Return the SHA-256 over names and bytes of a folder's scenes."""
    total = hashlib.sha256()
    for path in scene_files(folder):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{path.name} {digest}\n".encode())
    return total.hexdigest()


if __name__ == "__main__":
    main()
