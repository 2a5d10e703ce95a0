"""Run by test_fanout.py in a process of its own: a raster measured on a Dask cluster.

``python cluster_run.py RASTER FOLDER`` prints one JSON document: the digests of the planes as two
workers give them undisturbed and with a worker killed, and what is said when the raster goes away.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from pathlib import Path

import dask
from distributed import LocalCluster

from geoinspect.detect.fanout import fan_of
from geoinspect.detect.measure import Measured, Source, measure
from geoinspect.errors import UsageError
from geoinspect.settings import Settings


def digest(measured: Measured) -> str:
    planes = measured.planes
    assert planes is not None
    content = planes.read(0, 0, planes.rows, planes.cols).tobytes()
    planes.close()
    return hashlib.sha256(content).hexdigest()


def folder_for(name: str) -> Path:
    folder = Path(sys.argv[2]) / name
    folder.mkdir()
    return folder


def main() -> None:
    raster = Path(sys.argv[1])
    source = Source(raster, "a.tif", Settings(), window_px=100)
    told = {}
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        fan = fan_of(cluster.scheduler_address)
        told["plain"] = digest(measure(source, folder_for("plain"), fan=fan))
        victims = [worker.process.process.pid for worker in cluster.workers.values()][:1]

        def kill_one(share: float) -> None:
            if share > 0.2 and victims:
                os.kill(victims.pop(), signal.SIGKILL)

        told["killed"] = digest(measure(source, folder_for("killed"), fan=fan, progress=kill_one))
        assert not victims

        def hide(share: float) -> None:
            if share > 0.2 and raster.exists():
                raster.rename(raster.with_suffix(".gone"))

        try:
            measure(source, folder_for("hidden"), fan=fan, progress=hide)
        except UsageError as error:
            told["hidden"] = [error.code, error.text.zh, error.text.en]
    print(json.dumps(told))


if __name__ == "__main__":
    dask.config.set({"distributed.scheduler.allowed-failures": 10})
    main()
