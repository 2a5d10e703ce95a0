"""The bounds of a child that reads what strangers made: memory, time, files, drivers, network."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from geoinspect.errors import StoreError
from geoinspect.jobs.network import cut_network
from geoinspect.settings import Settings

# Drivers that open other files, run code or fetch from the network, by the advice of GDAL's own
# page on security and the attacks of the reference, section B2.
_RASTER_DRIVERS = (
    *("VRT", "MRF", "WMS", "WMTS", "WCS", "HTTP", "STACIT", "STACTA", "EEDA", "EEDAI", "PLMOSAIC"),
    *("GTI", "PDF", "DERIVED", "MBTiles", "Rasterlite", "PCIDSK", "KMLSUPEROVERLAY", "RPFTOC"),
    *("RS2", "Zarr", "netCDF", "HDF5", "HDF5Image"),
)
_VECTOR_DRIVERS = (
    *("OGR_VRT", "WFS", "OAPIF", "OGCAPI", "CSW", "HTTP", "PGDUMP", "Carto", "Elasticsearch"),
    *("AmigoCloud", "PLSCENES"),
)
GDAL_ENVIRONMENT = {
    "GDAL_SKIP": " ".join(_RASTER_DRIVERS),
    "OGR_SKIP": ",".join(_VECTOR_DRIVERS),
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_VRT_ENABLE_RAWRASTERBAND": "NO",
    "MRF_ENABLE_CACHING": "NO",
    "CPL_VSIL_CURL_HEADER_FILE_KVP_ENABLED": "NO",
    "GDAL_CACHEMAX": "256",
    "GDAL_NUM_THREADS": "1",
}
_OPEN_FILES = 1024
# The plain copy of the largest raster that is taken, 8 bytes a pixel, and its overviews.
_BYTES_PER_PX = 8 * 4 / 3


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one job may take.

    Attributes:
        memory_bytes: Address space.
        wall_s: By the clock; the parent watches it.
        cpu_s: Of all its threads together.
        file_bytes: The largest file it writes.
        needs_no_network: Whether it must not run where the network can't be cut.
    """

    memory_bytes: int
    wall_s: float
    cpu_s: int
    file_bytes: int
    needs_no_network: bool


def bounds_of(settings: Settings) -> Bounds:
    """Return the bounds that the settings say."""
    wall_s = settings.worker_hours * 3600.0
    return Bounds(
        memory_bytes=int(settings.worker_memory_gb * 1e9),
        wall_s=wall_s,
        cpu_s=int(wall_s * (os.cpu_count() or 1)) + 1,
        file_bytes=int(settings.raster_max_gpx * 1e9 * _BYTES_PER_PX),
        needs_no_network=settings.worker_needs_no_network,
    )


def lock_gdal() -> None:
    """Set GDAL's bounds; they hold only where it is loaded after this."""
    os.environ.update(GDAL_ENVIRONMENT)


def enter_bounds(bounds: Bounds) -> None:
    """Put this process within its bounds, for good.

    Raises:
        StoreError: A dangerous driver is there, or the network can't be cut and must be.
    """
    cut = cut_network()
    if bounds.needs_no_network and not cut:
        raise StoreError(
            "无法切断处理程序的网络,而设置 worker_needs_no_network 要求切断:请换用支持 seccomp 的系统",
            "the network of jobs can't be cut here, and the setting worker_needs_no_network insists: "
            "use a system with seccomp",
            code="network_not_cut",
        )
    for which, most in (
        (resource.RLIMIT_AS, bounds.memory_bytes),
        (resource.RLIMIT_CPU, bounds.cpu_s),
        (resource.RLIMIT_FSIZE, bounds.file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        _lower(which, most)
    # When the machine runs out of memory, the kernel should end a job and not the office's server.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    refuse_drivers(_registered())


def refuse_drivers(registered: Iterable[str]) -> None:
    """Refuse to go on where a driver that must not be there is.

    Raises:
        StoreError: It is.
    """
    banned = {name.lower() for name in (*_RASTER_DRIVERS, *_VECTOR_DRIVERS)}
    there = sorted(name for name in registered if name.lower() in banned)
    if there:
        raise StoreError(
            f"GDAL 中仍有不安全的驱动({', '.join(there)}),为安全起见不读取任何文件:请联系管理员重新安装",
            f"unsafe drivers are active in GDAL ({', '.join(there)}), so no file is read: ask the "
            "administrator to install it anew",
            code="unsafe_drivers",
        )


def _registered() -> set[str]:
    from rasterio.env import Env  # noqa: PLC0415 - only after GDAL's bounds are set

    with Env() as env:
        found = set(env.drivers())
    with contextlib.suppress(ImportError):
        import pyogrio  # noqa: PLC0415 - only after GDAL's bounds are set

        found |= set(pyogrio.list_drivers())
    return found


def _lower(which: int, most: int) -> None:
    """Lower a bound; one that is lower already stays."""
    _soft, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(which, (most, most))
