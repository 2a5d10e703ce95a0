"""Trees copied out of scikit-learn say what scikit-learn says."""

from __future__ import annotations

import numpy as np
import pytest

from geoinspect.detect.forest import averaged, boosted

ensemble = pytest.importorskip("sklearn.ensemble")


def labelled(kind: str, rows: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    x = rng.normal(0, 30, (rows, 9))
    y = (x[:, 0] + 0.5 * x[:, 1] * (x[:, 2] > 0) + rng.normal(0, 20, rows) > 10).astype(int)
    x = np.clip(np.rint(x), -112, 112).astype(np.int8) if kind == "int8" else x.astype(np.float32)
    return x, y


@pytest.mark.parametrize("kind", ["int8", "float32"])
def test_boosted_trees_give_the_same_logits(kind: str) -> None:
    x, y = labelled(kind)
    model = ensemble.HistGradientBoostingClassifier(max_iter=40, random_state=0).fit(x, y)
    forest = boosted(model)
    assert len(forest.roots) == 40
    np.testing.assert_allclose(forest.of_rows(x), model.decision_function(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["int8", "float32"])
def test_averaged_trees_give_the_same_shares(kind: str) -> None:
    x, y = labelled(kind)
    model = ensemble.RandomForestClassifier(
        30, min_samples_leaf=3, class_weight="balanced", random_state=0
    ).fit(x, y)
    forest = averaged(model)
    told = forest.of_rows(x)
    np.testing.assert_allclose(told, model.predict_proba(x)[:, 1], rtol=1e-4, atol=1e-5)
    assert told.std() > 0.1


def test_no_rows_and_one_leaf_are_no_trouble() -> None:
    x, y = labelled("int8", rows=40)
    stump = boosted(
        ensemble.HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=40).fit(x, y)
    )
    assert stump.of_rows(x[:0]).shape == (0,)
    assert np.ptp(stump.of_rows(x)) == pytest.approx(0)
