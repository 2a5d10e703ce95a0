"""The map of a full county in headless Chromium, beside a plain folium page of the same data.

*Usable*: the ground and all shapes of the first view are drawn and the panel has its figures; then
a patch in view at zoom 17 is clicked, until the panel answers. *Pan*: from the last input of a drag to the frame in
which everything that the new view asks for is drawn.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import shapely
from bench_map_folium import rows_of, without_network, write_page
from bench_map_watch import (
    FOLIUM_READY,
    OUR_READY,
    WATCH,
    Bytes,
    bounded,
    longest_task_ms,
    memory_mb,
    moves_ms,
    spread,
    wait_usable,
    zipped_bytes,
)
from bench_rows import Line
from big_county_ground import HEIGHT_DEG, SOUTH, WEST, WIDTH_DEG
from page_walk import ARGS, CHROMIUM
from playwright.sync_api import Browser, Error, Page, StorageState, TimeoutError, sync_playwright
from web_kills import serving

SIZE = {"width": 1366, "height": 768}
# Counts, signs of patches with tracks, and outlines with signs.
PAN_ZOOMS = (10, 13, 15, 17)
PANS, FOLIUM_PANS = 8, 4
LOADS = 2
OUR_LIMIT_S, FOLIUM_LIMIT_S = 120.0, 240.0
# Where the sign of a patch nearest to the middle is on the screen.
_SIGN = """() => {
  const frame = map_main.getContainer().getBoundingClientRect(), found = [];
  map_main.eachLayer(layer => layer.kind === 'patches' && layer.eachItem((item, corner) => {
    const [x, y] = [item.x + corner.x, item.y + corner.y];
    const far = Math.hypot(x - frame.width / 2, y - frame.height / 2);
    if (item.point && item.layer !== 'counts') found.push([far, x + frame.x, y + frame.y]);
  }));
  return found.sort((a, b) => a[0] - b[0])[0].slice(1);
}"""
# The panel tells of it, or a list asks which of several was meant.
_ANSWERED = (
    "() => document.querySelector('.chooser') || "
    "document.getElementById('panel').textContent !== bench.told"
)


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium of its own for each page: nothing is warm and its memory is its own."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        try:
            yield made
        finally:
            made.close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def files_served(folder: Path) -> Iterator[str]:
    """Serve a folder of files."""
    handler = partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def signed_in_state(made: Browser, base: str, person: str, password: str) -> StorageState:
    """Sign in and return the cookies."""
    context = made.new_context()
    page = context.new_page()
    page.goto(f"{base}/login")
    page.fill("#username", person)
    page.fill("#password", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
    state = context.storage_state()
    context.close()
    return state


class Loaded:
    """Cold loads of our map, each in a new context of the browser; the last page stays open."""

    def __init__(
        self, made: Browser, base: str, state: StorageState, patch: tuple[float, float]
    ) -> None:
        self.usable_ms: list[float] = []
        self.click_ms: list[float] = []
        self.held_ms: list[float] = []
        # The server reads its looks and shapes once after it starts; told apart.
        self.started_ms = 0.0
        for k in range(LOADS + 1):
            context = made.new_context(viewport=SIZE, storage_state=state)
            context.add_init_script(f"({WATCH})()")
            self.page = context.new_page()
            self.bytes = Bytes()
            self.bytes.watch(context.new_cdp_session(self.page))
            self.page.goto(f"{base}/map", wait_until="commit")
            usable_ms = wait_usable(self.page, OUR_READY, OUR_LIMIT_S)
            self.bytes.ended = True
            if k == 0:
                self.started_ms = usable_ms
            else:
                self.usable_ms.append(usable_ms)
                self.held_ms.append(longest_task_ms(self.page))
                self.click_ms.append(clicked_ms(self.page, patch))
            if k < LOADS:
                context.close()


def clicked_ms(page: Page, at: tuple[float, float]) -> float:
    """Return how long after a click on a patch the panel tells of it, ms; nan where it doesn't."""
    page.evaluate("([lon, lat]) => map_main.setView([lat, lon], 17, { animate: false })", list(at))
    page.wait_for_function("() => bench.calm()", timeout=1000 * OUR_LIMIT_S)
    page.wait_for_timeout(500)
    page.evaluate(
        "() => { bench.told = document.getElementById('panel').textContent;"
        " addEventListener('click', event => bench.once("
        f"{_ANSWERED}, now => {{ bench.clicked = now - event.timeStamp; }}), "
        "{ once: true, capture: true }); }"
    )
    page.mouse.click(*page.evaluate(_SIGN))
    try:
        page.wait_for_function("() => bench.clicked > 0", timeout=20_000)
    except TimeoutError:
        return float("nan")
    return float(page.evaluate("() => bench.clicked"))


def a_patch(folder: Path) -> tuple[float, float]:
    """Return lon and lat within a patch."""
    _, wkb = next(rows_of(folder, "patch"))
    point = shapely.from_wkb(wkb).representative_point()
    return point.x, point.y


def our_pans(page: Page) -> list[Line]:
    """Lines of drags at several zooms, the tiles there new to the browser."""
    lines = []
    for zoom in PAN_ZOOMS:
        # Not where the page has been before.
        lat, lon = SOUTH + HEIGHT_DEG * (0.3 + zoom / 60), WEST + WIDTH_DEG * 0.45
        page.evaluate(
            "([lat, lon, zoom]) => map_main.setView([lat, lon], zoom, { animate: false })",
            [lat, lon, zoom],
        )
        page.wait_for_function("() => bench.calm()", timeout=1000 * OUR_LIMIT_S)
        page.wait_for_timeout(800)
        longest_task_ms(page)
        took = moves_ms(page, PANS)
        held = f"longest task {longest_task_ms(page):.0f} ms"
        lines.append(
            Line(f"  pan at zoom {zoom}, {PANS} drags", spread(took), held, "", "≤ 200 ms")
        )
    return lines


def our_lines(folder: Path, person: str, password: str) -> tuple[list[Line], float, float]:
    """Return the lines of our page, its bytes without tiles, and ms until usable."""
    with tempfile.TemporaryDirectory() as spare, serving(folder, Path(spare) / "log") as server:
        base = f"http://127.0.0.1:{server.port}"
        with browser() as made:
            state = signed_in_state(made, base, person, password)
            found = Loaded(made, base, state, a_patch(folder))
            sent, page = found.bytes, found.page
            loaded_mb = memory_mb(made)
            pans = our_pans(page)
            after_mb = memory_mb(made)
    usable = statistics.median(found.usable_ms)
    lines = [
        Line(
            "first load of the map, cold cache",
            f"{sent.page / 1000:.0f} kB in {sent.answers} answers",
            f"tiles apart: {sent.tiles / 1000:.0f} kB in {sent.tile_answers}",
            "",
            "≤ 500 kB",
        ),
        Line(
            f"usable, {LOADS} cold loads",
            spread(found.usable_ms),
            f"the first after the server's start {found.started_ms / 1000:.1f} s; longest task "
            f"{max(found.held_ms):.0f} ms; a click answered in "
            f"{statistics.median(found.click_ms):.0f} ms",
            "",
            "≤ 2 s",
        ),
        *pans,
        Line(
            "memory of the page",
            f"{loaded_mb:.0f} MB, after the pans {after_mb:.0f} MB",
            "",
            "",
            "",
        ),
    ]
    return lines, float(sent.page), usable


def folium_lines(folder: Path, ours_bytes: float, ours_ms: float, *, whole: bool) -> list[Line]:
    """Return the lines of a plain folium page of the same data."""
    with tempfile.TemporaryDirectory() as spare, files_served(Path(spare)) as base:
        file = Path(spare) / "folium.html"
        what = write_page(folder, file, whole=whole)
        size, zipped = file.stat().st_size, zipped_bytes(file)
        name = f"the same by plain folium: {what}"
        lines = [
            Line(
                name,
                f"{ours_bytes / 1000:.0f} kB",
                f"{size / 1e6:.0f} MB, with gzip {zipped / 1e6:.1f} MB",
                f"{zipped / ours_bytes:.0f} × less",
                "",
            )
        ]
        with browser() as made:
            context = made.new_context(viewport=SIZE)
            without_network(context)
            context.add_init_script(f"({WATCH})()")
            page = context.new_page()
            try:
                page.set_default_timeout(1000 * FOLIUM_LIMIT_S)
                with bounded(made, FOLIUM_LIMIT_S):
                    page.goto(f"{base}/folium.html", wait_until="commit")
                    usable = wait_usable(page, FOLIUM_READY, FOLIUM_LIMIT_S)
                held, mb = longest_task_ms(page), memory_mb(made)
            except Error as error:
                told = "crashed or was ended" if "crash" in str(error).lower() else "not usable"
                peer = f"{told} (limit {FOLIUM_LIMIT_S:.0f} s)"
                return [*lines, Line("  usable", f"{ours_ms / 1000:.1f} s", peer, "", "≤ 2 s")]
            try:
                with bounded(made, FOLIUM_LIMIT_S):
                    pans = spread(moves_ms(page, FOLIUM_PANS, most_s=FOLIUM_LIMIT_S))
            except Error:
                pans = f"not drawn (limit {FOLIUM_LIMIT_S:.0f} s)"
        return [
            *lines,
            Line(
                "  usable",
                f"{ours_ms / 1000:.1f} s",
                f"{usable / 1000:.1f} s, longest task {held / 1000:.1f} s, {mb:.0f} MB",
                f"{usable / ours_ms:.0f} ×",
                "≤ 2 s",
            ),
            Line(f"  pan, {FOLIUM_PANS} drags", "see above", pans, "", "≤ 200 ms"),
        ]


def browser_lines(folder: Path, person: str, password: str) -> list[Line]:
    """Our page, then folium's with the patches alone, then with everything."""
    lines, size, usable = our_lines(folder, person, password)
    for whole in (False, True):
        lines.extend(folium_lines(folder, size, usable, whole=whole))
    return lines
