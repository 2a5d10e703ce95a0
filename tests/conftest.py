"""What all tests share: where the shared data lies, and when a skip is a failure."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The shared test data; without it tests skip, except in CI, where it must be there."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{SHARED} is missing and CI is set")
        pytest.skip(f"{SHARED} is not here")
    return SHARED


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a test that should run and was skipped is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    is_worker = hasattr(session.config, "workerinput")
    if os.environ.get("CI") and reporter is not None and not is_worker:
        skipped = reporter.stats.get("skipped", [])
        if skipped and exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_report_header() -> str:
    """Name the machine's libraries, so that a log identifies them."""
    import numpy
    import rasterio
    import shapely

    gdal, geos = rasterio.__gdal_version__, shapely.geos_version_string
    return f"numpy {numpy.__version__}, GDAL {gdal} (rasterio), GEOS {geos}"
