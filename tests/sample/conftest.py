"""One small county for all tests of what the generator writes; nobody changes it."""

from __future__ import annotations

from pathlib import Path

import pytest

import sample_data
from sample_data.manifest import read_manifest


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    sample_data.generate(folder, seed=7, size=sample_data.SMALL)
    return folder


@pytest.fixture(scope="session")
def manifest(county: Path) -> sample_data.Manifest:
    found = read_manifest(county)
    assert found is not None
    return found
