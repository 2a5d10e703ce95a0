"""Draw the app's icons (PNG) that older phones need beside the SVG: the same sign, safe for masks.

Run it after a change of ``webmap/static/icon.svg``: ``python scripts/app_icons.py``.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

STATIC = Path(__file__).resolve().parent.parent / "webmap" / "static"
SIDE = 32.0
# A mask may cut all outside the middle four fifths.
INNER = 0.72


def draw(side_px: int) -> Image.Image:
    """Return the sign on a full square, its parts inside the circle that every mask leaves."""
    big = side_px * 4
    image = Image.new("RGB", (big, big), "#0b6e6e")
    pen = ImageDraw.Draw(image)

    def at(value: float) -> float:
        return (0.5 + (value / SIDE - 0.5) * INNER) * big

    for x, y, colour in ((7, 7, "#c6dbef"), (18, 7, "#6baed6"), (7, 18, "#ffffff")):
        pen.rectangle((at(x), at(y), at(x + 7), at(y + 7)), fill=colour)
    ring = [(21.5, 16.8), (26.2, 21.5), (21.5, 26.2), (16.8, 21.5), (21.5, 16.8)]
    pen.line(
        [(at(x), at(y)) for x, y in ring], fill="#ffffff", width=round(big * 0.05), joint="curve"
    )
    return image.resize((side_px, side_px), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    for side in (192, 512):
        draw(side).save(STATIC / f"app-{side}.png", optimize=True)
