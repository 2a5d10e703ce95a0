"""A county of any size fits on the first screen, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_browser import PHONE, WIDE, Visit, chromium, served, visit

__all__ = ["chromium", "served", "visit"]
pytestmark = pytest.mark.browser

FITS = "box => { const v = map_main.getBounds(); return v.contains([[box[1], box[0]], [box[3], box[2]]]) }"


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_the_whole_area_is_on_the_first_screen(
    visit: Callable[..., Visit],
    size: tuple[int, int],
) -> None:
    person = visit(size)
    person.sign_in()
    box = person.page.evaluate(
        "fetch('/api/v1/overview').then(r => r.json()).then(o => o.area.bbox)"
    )
    assert person.page.evaluate(FITS, box)
    # A wide county needs the small scales too: no layer may hold the map at its own least zoom.
    wide = [box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1]
    blank = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
    person.page.evaluate(
        "url => { map_main.eachLayer(l => l.remove()); L.tileLayer(url, { minZoom: 12 }).addTo(map_main) }",
        blank,
    )
    person.page.evaluate("box => map_main.fitBounds([[box[1], box[0]], [box[3], box[2]]])", wide)
    person.settle()
    assert person.page.evaluate(FITS, wide)
    person.fine()
