"""The windows of a raster worked through by a Dask cluster.

The workers open the raster by the same path, so it lies on a disk they share. What comes back are
planes, about half a byte for each pixel, a few megabytes a task; only so many tasks are under way
that the workers are kept busy, so memory stays bounded here and on the scheduler. A window's planes
don't depend on who made them, so the result is that of this machine alone.

A Dask scheduler runs whatever its clients send and sends objects back: connect only to one of
your own, in a network you trust.
"""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from geoinspect import __version__
from geoinspect.detect.measure import Done, Fan, Job, opened, planes_of_core
from geoinspect.detect.planes import PLANES, U2
from geoinspect.detect.windows import Core
from geoinspect.errors import GeoInspectError, UsageError
from geoinspect.files import readable

# Planes in one task, bytes, and windows in it: several share tiles and the opening of the file.
_TASK_BYTES, _TASK_WINDOWS = 8_000_000, 8
# Tasks under way for each thread of the workers: one at work, one waiting.
_AHEAD = 2
_CONNECT_S = 15.0
# A worker that dies is replaced or started again by most clusters within this time.
_WITHOUT_WORKERS_S = 60.0
_LOOK_S = 2.0

Part = list[tuple[Core, U2 | None]]


def fan_of(address: str, *, without_workers_s: float = _WITHOUT_WORKERS_S) -> Fan:
    """Return a way to work through windows on the cluster of a scheduler.

    Args:
        address: Of the scheduler, such as ``tcp://10.0.0.5:8786``.
        without_workers_s: How long to wait for workers when there are none.

    Raises:
        UsageError: Dask is not installed, or no scheduler answers at the address.
    """
    distributed = _distributed()
    _knock(distributed, address)

    def fan(job: Job, cores: list[Core]) -> Done:
        if not cores:
            return
        client = _connected(distributed, address)
        try:
            whole = replace(job.source, path=job.source.path.resolve())
            yield from _results(client, replace(job, source=whole), cores, without_workers_s)
        finally:
            client.close()

    return fan


def work_through(job: Job, cores: list[Core], size_bytes: int, version: str) -> Part:
    """Return the planes of windows; runs on a worker.

    Raises:
        UsageError: This worker has another version of geoinspect, can't see the raster, or sees
            another file there.
        RasterError: The raster can't be read.
    """
    if version != __version__:
        raise _other_version(_place(), version)
    path = job.source.path
    try:
        seen_bytes = path.stat().st_size
    except OSError as error:
        raise _not_seen(readable(path), error.strerror or str(error)) from error
    if seen_bytes != size_bytes:
        raise _not_seen(readable(path), f"{seen_bytes} bytes instead of {size_bytes}")
    with opened(job) as scene:
        return [(core, planes_of_core(scene, core, job)) for core in cores]


def tasks_of(cores: list[Core], block_px: int) -> list[list[Core]]:
    """Return windows in groups whose planes are a few megabytes, in order."""
    tasks: list[list[Core]] = []
    room = 0.0
    for core in cores:
        size = core.pixels / block_px**2 * PLANES * 2
        if not tasks or size > room or len(tasks[-1]) == _TASK_WINDOWS:
            tasks.append([])
            room = float(_TASK_BYTES)
        tasks[-1].append(core)
        room -= size
    return tasks


def _results(
    client: Any,  # noqa: ANN401 - distributed has no types
    job: Job,
    cores: list[Core],
    without_workers_s: float,
) -> Iterator[tuple[Core, U2 | None]]:
    """Yield the planes of all windows, in the order they come."""
    size_bytes = job.source.path.stat().st_size
    left = iter(tasks_of(cores, job.scale.block_px))
    ready: queue.Queue[Any] = queue.Queue()
    under_way: set[Any] = set()
    alone_since_s: float | None = None

    def send(most: int) -> None:
        while len(under_way) < most and (task := next(left, None)) is not None:
            future = client.submit(work_through, job, task, size_bytes, __version__, pure=False)
            under_way.add(future)
            future.add_done_callback(ready.put)

    try:
        send(max(1, _AHEAD * _threads(client)))
        while under_way:
            try:
                future = ready.get(timeout=_LOOK_S)
            except queue.Empty:
                alone_since_s = _alone(client, alone_since_s, without_workers_s)
                continue
            part = _part(future)
            under_way.discard(future)
            future.release()
            send(max(1, _AHEAD * _threads(client)))
            yield from part
    finally:
        client.cancel(list(under_way))


def _part(future: Any) -> Part:  # noqa: ANN401 - distributed has no types
    """Return what a task gave; any fault of it in words."""
    try:
        part: Part = future.result()
    except GeoInspectError:
        raise
    except Exception as error:
        raise _failed(f"{type(error).__name__}: {error}"[:300]) from error
    return part


def _failed(what: str) -> UsageError:
    return UsageError(
        f"集群没有完成任务({what}):请检查各计算节点的内存、日志,以及是否装有 geoinspect {__version__}",
        f"the cluster did not finish its task ({what}): check the workers' memory and logs, and that "
        f"geoinspect {__version__} is installed on them",
        code="cluster_failed",
    )


def _alone(client: Any, since_s: float | None, most_s: float) -> float | None:  # noqa: ANN401
    """Return since when there is no worker, None when there is one."""
    if _threads(client) > 0:
        return None
    now_s = time.monotonic()
    if since_s is not None and now_s - since_s > most_s:
        raise UsageError(
            "调度器上没有任何计算节点:请先用 dask worker 启动节点再运行",
            "the scheduler has no workers: start some with `dask worker` and run again",
            code="no_workers",
        )
    return since_s if since_s is not None else now_s


def _threads(client: Any) -> int:  # noqa: ANN401 - distributed has no types
    return sum(client.nthreads().values())


def _knock(distributed: Any, address: str) -> None:  # noqa: ANN401
    """Connect once by hand: a client that can't connect tries on in the background."""
    try:
        host, port = distributed.comm.get_address_host_port(address, strict=True)
        socket.create_connection((host, port), timeout=_CONNECT_S).close()
    except (OSError, ValueError, TypeError, NotImplementedError) as error:
        raise _no_scheduler(address) from error


def _connected(distributed: Any, address: str) -> Any:  # noqa: ANN401
    try:
        return distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise _no_scheduler(address) from error


def _no_scheduler(address: str) -> UsageError:
    return UsageError(
        f"连不上 Dask 调度器“{address}”:请检查地址(如 tcp://10.0.0.5:8786)、网络和调度器是否在运行",
        f"can't reach a Dask scheduler at {address!r}: check the address (such as "
        "tcp://10.0.0.5:8786), the network, and that the scheduler runs",
        code="no_scheduler",
    )


def _distributed() -> Any:  # noqa: ANN401 - an optional library without types
    try:
        import distributed  # noqa: PLC0415 - optional
    except ImportError as error:
        raise UsageError(
            "使用 --scheduler 需要安装 Dask:pip install 'geoinspect[cluster]'",
            "--scheduler needs Dask: pip install 'geoinspect[cluster]'",
            code="no_dask",
        ) from error
    return distributed


def _place() -> str:
    """Return the address of the worker that this code runs on."""
    return str(_distributed().get_worker().address)


def _not_seen(path: str, why: str) -> UsageError:
    where = _place()
    return UsageError(
        f"计算节点 {where} 看不到影像 {path}({why}):请把影像放在所有节点以同一路径挂载的共享目录里",
        f"worker {where} can't see the raster {path} ({why}): put it in a folder that all workers "
        "share under the same path",
        code="worker_cannot_see",
    )


def _other_version(where: str, version: str) -> UsageError:
    return UsageError(
        f"计算节点 {where} 上的 geoinspect 是 {__version__},这里是 {version}:请装成同一版本",
        f"worker {where} has geoinspect {__version__}, this is {version}: install the same version",
        code="worker_version",
    )
