"""What a browser tells of a map page: bytes, when it is usable, moves, held-up time and memory."""

from __future__ import annotations

import contextlib
import gzip
import os
import signal
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Page

# A tile, or a picture that stands in the panel, is not of the first load.
PICTURES = ("/tiles/", "chip.png")
MOVES = ((-220, -130), (220, -130), (220, 130), (-220, 130))
PAUSE_MS = 400

# Watches from the first line of a page on. `calm` says whether all that is asked for stands on the
# map: Leaflet's tile layers, ours among them, know it; what plain GeoJSON draws stands at once.
WATCH = """() => {
  window.bench = { held: [], usable: null, moved: null };
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) bench.held.push(one.duration);
  }).observe({ entryTypes: ['longtask'] });
  bench.map = () => window.map_main ?? Object.entries(window).find(([name, one]) =>
    name.startsWith('map_') && one?.eachLayer)?.[1];
  bench.calm = () => {
    let calm = true;
    bench.map().eachLayer(layer => { if (layer.isLoading?.()) calm = false; });
    return calm;
  };
  const drawn = act => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = act;
    channel.port2.postMessage(0);
  });
  bench.once = (ready, act) => {
    const look = () => (ready() ? drawn(() => act(performance.now())) : setTimeout(look, 4));
    look();
  };
  // The last input counts, as the system stamped it: waiting for a busy page is part of it.
  bench.await_move = () => {
    bench.moved = null;
    addEventListener('mouseup', event => setTimeout(() =>
      bench.once(bench.calm, now => { bench.moved = now - event.timeStamp; })), { once: true, capture: true });
  };
}"""
FOLIUM_READY = "() => document.readyState === 'complete' && bench.map() && bench.calm()"
OUR_READY = """() => {
  const body = document.getElementById('panel-body');
  if (body?.getAttribute('aria-busy') !== 'false' || !document.getElementById('unseen')) return false;
  const kinds = new Set();
  bench.map().eachLayer(layer => { if (layer.kind && layer._wanted) kinds.add(layer.kind); });
  return kinds.has('patches') && kinds.has('tracks') && bench.calm();
}"""


@dataclass
class Bytes:
    """What came over the wire, by whether it is a tile or picture."""

    page: int = 0
    tiles: int = 0
    answers: int = 0
    tile_answers: int = 0
    addresses: dict[str, str] = field(default_factory=dict)
    ended: bool = False

    def watch(self, cdp: CDPSession) -> None:
        """Count from now on; cold, as the browser's context is new."""
        cdp.on("Network.requestWillBeSent", self._asked)
        cdp.on("Network.loadingFinished", self._came)
        cdp.send("Network.enable")

    def _asked(self, told: dict[str, Any]) -> None:
        self.addresses[told["requestId"]] = told["request"]["url"]

    def _came(self, told: dict[str, Any]) -> None:
        if self.ended:
            return
        path = urlsplit(self.addresses.get(told["requestId"], "")).path
        if any(name in path for name in PICTURES):
            self.tiles += int(told["encodedDataLength"])
            self.tile_answers += 1
        else:
            self.page += int(told["encodedDataLength"])
            self.answers += 1


def wait_usable(page: Page, ready: str, most_s: float) -> float:
    """Return when all that the first view asks for was drawn, ms after the page was asked for."""
    page.evaluate(f"() => bench.once({ready}, now => {{ bench.usable = now; }})")
    page.wait_for_function("() => bench.usable !== null", timeout=1000 * most_s)
    return float(page.evaluate("() => bench.usable"))


def longest_task_ms(page: Page) -> float:
    """Return the longest time the page could not answer since the last look; 0 below 50 ms."""
    return float(page.evaluate("() => Math.max(0, ...bench.held.splice(0))"))


def moves_ms(page: Page, count: int, *, most_s: float = 60.0) -> list[float]:
    """Drag the map about, and return of each drag how long after letting go all was drawn."""
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    took = []
    for k in range(count):
        dx, dy = MOVES[k // 2 % len(MOVES)]
        page.evaluate("() => bench.await_move()")
        page.mouse.move(x, y)
        page.mouse.down()
        # One step only: with more, Leaflet lets the map glide on.
        page.mouse.move(x + dx, y + dy)
        page.mouse.up()
        page.wait_for_function("() => bench.moved !== null", timeout=1000 * most_s)
        took.append(float(page.evaluate("() => bench.moved")))
        page.wait_for_timeout(PAUSE_MS)
    return took


def spread(values: list[float]) -> str:
    """Return the middle and the worst of some times."""
    return f"median {statistics.median(values):.0f} ms, worst {max(values):.0f} ms"


@contextmanager
def bounded(browser: Browser, most_s: float) -> Iterator[None]:
    """End the pages of a browser after a time: a page that is busy answers no question, so that no
    time-out of a question ends it.
    """
    cdp = browser.new_browser_cdp_session()
    told = cdp.send("SystemInfo.getProcessInfo")["processInfo"]
    cdp.detach()
    root = next(int(one["id"]) for one in told if one["type"] == "browser")
    timer = threading.Timer(most_s, _end_pages, [root])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end_pages(root: int) -> None:
    """End the page processes below a browser's."""
    parents, pages = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
            if b"--type=renderer" in (folder / "cmdline").read_bytes():
                pages.append(int(folder.name))
    for page in pages:
        above = page
        while above in parents and above != root:
            above = parents[above]
        if above == root:
            with contextlib.suppress(ProcessLookupError):
                os.kill(page, signal.SIGKILL)


def memory_mb(browser: Browser) -> float:
    """Return what the browser's pages hold, MB: the proportional set of their processes."""
    cdp = browser.new_browser_cdp_session()
    told = cdp.send("SystemInfo.getProcessInfo")["processInfo"]
    cdp.detach()
    kb = 0
    for one in told:
        rolled = Path(f"/proc/{one['id']}/smaps_rollup")
        if one["type"] != "renderer" or not rolled.exists():
            continue
        kb += next(int(t.split()[1]) for t in rolled.read_text().splitlines() if t[:4] == "Pss:")
    return kb / 1000


def zipped_bytes(path: Path) -> int:
    """Return the size that a file has when a server sends it with gzip."""
    size = 0
    with path.open("rb") as file:
        while part := file.read(1 << 24):
            size += len(gzip.compress(part, compresslevel=6))
    return size
