"""What stands on the map's canvases: where each sign is on the screen, and whether it has ink."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

_FIND = """kind => {
  const frame = map_main.getContainer().getBoundingClientRect();
  const found = [];
  let calm = true;
  map_main.eachLayer(layer => {
    if (layer.kind !== kind) return;
    if (layer.isLoading()) calm = false;
    layer.eachItem((item, corner) => {
      if (!item.point) return;
      const [x, y] = [item.x + corner.x + frame.x, item.y + corner.y + frame.y];
      found.push({ ...item.properties, layer: item.layer, x, y });
    });
  });
  return calm ? found : null;
}"""
# A canvas begins 40 px before its tile; the pixels there are the screen's times its ratio.
_INK = """([kind, id]) => {
  let ink = false;
  map_main.eachLayer(layer => {
    if (layer.kind !== kind) return;
    for (const { el } of Object.values(layer._tiles)) {
      const canvas = el.querySelector('canvas');
      const item = el.items.find(one => one.point && one.properties.id === id);
      if (!canvas || !item) continue;
      const scale = canvas.width / parseFloat(canvas.style.width);
      const side = Math.round(24 * scale);
      const [x, y] = [(item.x + 40) * scale - side / 2, (item.y + 40) * scale - side / 2];
      // Read from a copy: the browser warns of canvases that are read again and again.
      const copy = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, -x, -y);
      const { data } = copy.getImageData(0, 0, side, side);
      ink ||= data.some((value, k) => k % 4 === 3 && value > 200);
    }
  });
  return ink;
}"""


def signs(page: Page, kind: str) -> list[dict[str, Any]]:
    """Wait until a kind's tiles are there and return its signs: what they stand for, and where."""
    return page.wait_for_function(_FIND, arg=kind).json_value()  # type: ignore[no-any-return]


def has_ink(page: Page, kind: str, number: int) -> bool:
    """Tell whether a sign is really drawn on its canvas."""
    return bool(page.evaluate(_INK, [kind, number]))


def wait_drawn(page: Page) -> None:
    """Wait until all layers stand: what is clicked before it is drawn is the ground."""
    page.wait_for_load_state("networkidle")
    page.wait_for_function(
        "() => { let calm = true; map_main.eachLayer(layer => {"
        " if (layer.isLoading?.()) calm = false; }); return calm; }"
    )


def click_sign(page: Page, kind: str, number: int) -> None:
    """Click a sign as a person does, after moving the map there."""
    wait_drawn(page)
    one = next(sign for sign in signs(page, kind) if sign.get("id") == number)
    page.evaluate(
        "([x, y]) => { const r = map_main.getContainer().getBoundingClientRect();"
        " map_main.setView(map_main.containerPointToLatLng([x - r.x, y - r.y]), 18, {animate: false}); }",
        [one["x"], one["y"]],
    )
    wait_drawn(page)
    one = next(sign for sign in signs(page, kind) if sign.get("id") == number)
    page.mouse.click(one["x"], one["y"])


def open_tool(page: Page, name: str) -> None:
    """Choose a tool from the menu."""
    page.locator("#tools > summary").click()
    page.locator(f"#{name}").click()
