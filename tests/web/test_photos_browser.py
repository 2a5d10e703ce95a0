"""Photos in a real Chromium: sent, found on the map, told of, and reached by keys alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from map_signs import signs
from photo_builders import DRONE, drone_xmp, exif_bytes, jpeg_bytes
from playwright.sync_api import expect
from test_browser import PHONE, WIDE, Visit, chromium, served, visit

__all__ = ["chromium", "served", "visit"]
pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("size", "name"), [(WIDE, "<b>a.JPG"), (PHONE, "b.JPG")])
def test_a_photo_goes_from_the_upload_to_the_map(
    visit: Callable[..., Visit], size: tuple[int, int], name: str
) -> None:
    person = visit(size)
    person.sign_in()
    page = person.page
    page.goto(f"{person.base}/upload")
    data = jpeg_bytes(exif_bytes(photo={0x9291: name.encode().hex()[:3]}), drone_xmp(DRONE))
    page.set_input_files("#files", [{"name": name, "mimeType": "image/jpeg", "buffer": data}])
    page.locator("#now li.added").get_by_role("link", name="在地图上看").click()
    card = page.locator("#panel-body")
    expect(card.locator("h1")).to_have_text(name)
    for words in ("2026年5月14日", "北京时间", "60 m", "垂直向下", "亩", "真北起"):
        expect(card).to_contain_text(words)
    assert page.locator(".photo-sign.chosen").count() == 1
    assert signs(page, "photos") == []
    page.wait_for_load_state("networkidle")
    outlines = page.locator(".leaflet-chosen-pane path").count()
    assert outlines == 1
    # The layer is off until it is asked for; then the address says so.
    if size == PHONE:
        page.click("#grip")
    page.click("#layers summary")
    box = page.locator('#layers input[value="photos"]')
    expect(box).not_to_be_checked()
    box.check()
    assert signs(page, "photos")
    assert "on=photos" in page.url
    page.reload()
    person.settle()
    expect(box).to_be_checked()
    assert signs(page, "photos")
    # By keys: the layer's list, and in it the photo.
    page.locator("#layers > summary").press("Enter")
    page.get_by_role("button", name="列表:照片").press("Enter")
    page.locator("#panel").get_by_role("button", name=name).press("Enter")
    expect(card.locator("h1")).to_have_text(name)
    assert page.locator("#panel b", has_text="a.JPG").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    person.fine()
