"""Colours: all of them tokens, both themes whole, and every pair far enough apart to be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

CSS = ROOT / "webmap" / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text("utf-8")
MAY_NAME_COLOURS = {"tokens.css"}
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|\b(?:rgb|rgba|hsl|hsla|oklch)\(")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def declared(selector: str) -> dict[str, str]:
    """The tokens that the rules of one selector set, later ones winning."""
    found: dict[str, str] = {}
    plain = re.sub(r"/\*.*?\*/", "", TOKENS, flags=re.S)
    for given_, body in _RULE.findall(plain):
        if given_.strip().split("{")[-1].strip() == selector:
            found |= dict(re.findall(r"(--[\w-]+):\s*([^;]+);", body))
    return found


LIGHT = declared(":root")
DARK = LIGHT | declared(':root[data-theme="dark"]')
SUN = LIGHT | declared(".sun")
DARK_SUN = DARK | declared(':root[data-theme="dark"] .sun')
PAPER = LIGHT | declared(":root:root:root, :root:root:root .sun")
THEMES = {"light": LIGHT, "dark": DARK, "sun": SUN, "dark sun": DARK_SUN, "paper": PAPER}


def luminance(colour: str) -> float:
    """Relative luminance of a colour #rrggbb (WCAG 2.2, section "relative luminance")."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(COLOURS, COLOURS)
def test_contrast_is_what_it_is_called(one: str, other: str) -> None:
    assert contrast(one, other) == contrast(other, one)
    assert 1 <= contrast(one, other) <= 21
    assert contrast(one, one) == 1


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54
    assert round(contrast("#ff0000", "#ffffff"), 2) == 4.00


TEXT = [
    (ink, ground)
    for ink in ("ink", "ink-2", "ink-3", "accent", "alarm", "caution", "fine")
    for ground in ("paper", "panel")
] + [("on-accent", "accent"), ("accent", "accent-soft"), ("ink", "accent-soft")]
GRAPHICS = [
    (sign, ground)
    for sign in ("ink-3", "accent", "patch", "licensed", "former", "survey", "site", "gap", "strip", "miss")
    for ground in ("paper", "panel")
]  # fmt: skip


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("pair", TEXT, ids="-on-".join)
def test_words_are_read(theme: str, pair: tuple[str, str]) -> None:
    ink, ground = (THEMES[theme][f"--{name}"] for name in pair)
    assert contrast(ink, ground) >= 4.5


@pytest.mark.parametrize("theme", ["sun", "dark sun"])
@pytest.mark.parametrize("pair", [p for p in TEXT if "ink-3" not in p and "soft" not in p[1]])
def test_words_are_read_in_the_sun(theme: str, pair: tuple[str, str]) -> None:
    ink, ground = (THEMES[theme][f"--{name}"] for name in pair)
    assert contrast(ink, ground) >= 7


@pytest.mark.parametrize("theme", ["light", "dark", "paper"])
@pytest.mark.parametrize("pair", GRAPHICS, ids="-on-".join)
def test_signs_are_seen(theme: str, pair: tuple[str, str]) -> None:
    sign, ground = (THEMES[theme][f"--{name}"] for name in pair)
    assert contrast(sign, ground) >= 3


def test_the_system_s_dark_is_the_chosen_dark() -> None:
    chosen, system = declared(':root[data-theme="dark"]'), declared(":root:not([data-theme])")
    assert chosen == system
    assert declared(':root[data-theme="dark"] .sun') == declared(":root:not([data-theme]) .sun")
    assert chosen.keys() <= LIGHT.keys()
    assert len(chosen) > 15


def test_every_token_that_is_used_is_declared_and_none_is_left_over() -> None:
    used: set[str] = set()
    local: set[str] = set()
    begun: set[str] = set()
    for path in CSS.glob("*.css"):
        text = path.read_text("utf-8")
        used |= set(re.findall(r"var\((--[\w-]+)", text))
        if path.name != "tokens.css":
            local |= set(re.findall(r"(--[\w-]+):", text))
    for path in (ROOT / "webmap" / "static" / "js").glob("*.js"):
        script = path.read_text("utf-8")
        used |= set(re.findall(r"(--[a-z][\w-]+\b)(?!-)", script))
        begun |= set(re.findall(r"(--[a-z][\w-]*-)\$\{", script))
    known = declared(":root").keys()
    # Scripts put some names together: --unit- and a number.
    assert {n for n in used if not any(k.startswith(n) for k in known | local)} == set()
    assert {k for k in known - used if not any(k.startswith(name) for name in begun)} == set()


@pytest.mark.parametrize("path", sorted(CSS.glob("*.css")), ids=lambda p: p.name)
def test_no_other_file_names_a_colour(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) <= 400
    if path.name in MAY_NAME_COLOURS:
        return
    named = [line.strip() for line in lines if _COLOUR.search(line)]
    assert named == []


def test_themes_follow_the_attribute_alone() -> None:
    # A rule that asks the system would contradict somebody who chose the other theme.
    for path in CSS.glob("*.css"):
        if path.name != "tokens.css":
            assert "prefers-color-scheme" not in path.read_text("utf-8"), path.name
