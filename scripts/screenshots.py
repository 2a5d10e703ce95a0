"""A picture of every page of the web map, in both languages and three widths."""

from __future__ import annotations

import argparse
import html
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from page_walk import (
    ARGS,
    CHROMIUM,
    PageAddress,
    Watched,
    chromium_there,
    page_addresses,
    serving,
    sign_in,
)
from playwright.sync_api import Browser, sync_playwright

from geoinspect.errors import GeoInspectError
from geoinspect.store import grounds, people
from geoinspect.store.workspace import Workspace
from webmap import create_app

ROLES = ("field", "analyst", "commander", "auditor", "admin")
PASSWORD = "Pictures-2026-demo"
LANGUAGES = {"zh": "zh_CN", "en": "en"}
# Shown as the sheet of paper that will be printed, as wide as that.
SHEET = "/map/print"
HEIGHTS = {360: 740, 1366: 768, 1920: 1080}
# Of machado et al. 2009 (doi:10.1109/TVCG.2009.113), severity 1.0; grey by ITU-R BT.709.
EYES = {
    "grey": "0.2126 0.7152 0.0722 0 0 0.2126 0.7152 0.0722 0 0 0.2126 0.7152 0.0722 0 0 0 0 0 1 0",
    "deuteranopia": "0.367322 0.860646 -0.227968 0 0 0.280085 0.672501 0.047413 0 0 "
    "-0.011820 0.042940 0.968881 0 0 0 0 0 1 0",
}
_FILTER = """([matrix]) => {
  const ns = "http://www.w3.org/2000/svg";
  const make = (tag, values) => {
    const node = document.createElementNS(ns, tag);
    for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
    return node;
  };
  const svg = make("svg", { width: 0, height: 0 });
  const filter = make("filter", { id: "eye", "color-interpolation-filters": "linearRGB" });
  filter.append(make("feColorMatrix", { type: "matrix", values: matrix }));
  svg.append(filter);
  document.body.append(svg);
  document.documentElement.style.filter = "url(#eye)";
}"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be taken, as the command line said."""

    out: Path
    pages: frozenset[str]
    languages: tuple[str, ...]
    widths: tuple[int, ...]
    themes: tuple[str, ...]
    eyes: tuple[str, ...]


@dataclass(slots=True)
class Count:
    """What came of it."""

    pictures: int = 0
    problems: int = 0


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def wish_of(arguments: list[str]) -> tuple[Wish, Path | None]:
    """Return what the command line asks for, and the demo's folder if one is there already."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--pages", type=_listed, default=(), help="names, as map,cases")
    parser.add_argument("--languages", type=_listed, default=tuple(LANGUAGES))
    parser.add_argument("--widths", type=_listed, default=tuple(map(str, HEIGHTS)))
    parser.add_argument("--themes", type=_listed, default=("light",), help="light,dark")
    parser.add_argument("--eyes", type=_listed, default=(), help="grey,deuteranopia")
    parser.add_argument("--demo", type=Path, help="a demo folder that is there already")
    given = parser.parse_args(arguments)
    for name, known in (
        ("languages", LANGUAGES),
        ("themes", ("light", "dark")),
        ("eyes", EYES),
        ("widths", [str(width) for width in HEIGHTS]),
    ):
        for one in getattr(given, name):
            if one not in known:
                parser.error(f"--{name}: {one} is none of {', '.join(known)}")
    wish = Wish(
        given.out,
        frozenset(given.pages),
        given.languages,
        tuple(map(int, given.widths)),
        given.themes,
        ("", *given.eyes),
    )
    return wish, given.demo


def make_demo(folder: Path) -> None:
    """Make the sample county in a process of its own, which frees its memory."""
    command = [sys.executable, "-m", "geoinspect", "demo", "--dir", str(folder), "--no-serve"]
    # The way that an installation starts it; a checkout need not be on anybody's path.
    program = Path(sys.executable).with_name("geoinspect")
    if program.exists():
        command = [str(program), *command[3:]]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def add_people(folder: Path) -> None:
    """Add one person of every role; the field person's unit is a township's."""
    with Workspace.open(folder) as workspace, workspace.database.writing() as session:
        codes = sorted((unit.code for unit in grounds.units(session)), key=lambda c: (-len(c), c))
        for role in ROLES:
            unit = codes[0] if role == "field" and codes else None
            if people.user_named(session, name_of(role)) is None:
                people.add_user(
                    session, name=name_of(role), role=role, unit_code=unit, password=PASSWORD
                )


def name_of(role: str) -> str:
    """Return the name of the person with a role."""
    return f"示例-{role}"


def take(browser: Browser, base: str, pages: list[PageAddress], wish: Wish, count: Count) -> None:
    """Take all pictures; one context for each role, language, width and theme."""
    for language in wish.languages:
        for width in wish.widths:
            for theme in wish.themes:
                for role in sorted({page.role for page in pages}):
                    context = browser.new_context(
                        viewport={"width": width, "height": HEIGHTS[width]},
                        color_scheme="dark" if theme == "dark" else "light",
                        reduced_motion="reduce",
                        locale={"zh": "zh-CN", "en": "en-GB"}[language],
                        has_touch=width < 700,
                    )
                    context.set_default_timeout(20_000)
                    context.add_cookies(
                        [{"name": "language", "value": LANGUAGES[language], "url": base}]
                    )
                    watched = Watched.of(context, base)
                    if role:
                        watched.sign_in(name_of(role), PASSWORD)
                        watched.told()
                    folder = wish.out / language / f"{width}{'-dark' if theme == 'dark' else ''}"
                    for page in (page for page in pages if page.role == role):
                        _take_one(watched, page, folder, wish.eyes, count)
                    context.close()


def _take_one(
    watched: Watched, page: PageAddress, folder: Path, eyes: tuple[str, ...], count: Count
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for eye in eyes:
        try:
            watched.open(page.path)
            if eye:
                watched.page.evaluate(_FILTER, [EYES[eye]])
            name = f"{page.name}-{eye}" if eye else page.name
            watched.page.screenshot(path=str(folder / f"{name}.png"), full_page=True)
            count.pictures += 1
            wide = watched.page.evaluate("document.documentElement.scrollWidth")
            room = watched.page.evaluate("document.documentElement.clientWidth")
            if wide > room and not page.path.startswith(SHEET):
                print(f"{folder}/{name}: {wide} px wide in a window of {room}", file=sys.stderr)
                count.problems += 1
        except Exception as error:  # noqa: BLE001 - one page must not stop the others
            print(f"{folder.name}/{page.name}: {str(error).splitlines()[0]}", file=sys.stderr)
            count.problems += 1
        for problem in watched.told():
            print(f"{folder}/{page.name}: {problem}", file=sys.stderr)
            count.problems += 1


def contact_sheet(out: Path) -> None:
    """Write index.html: every picture, by page."""
    found: dict[str, list[Path]] = {}
    for path in sorted(out.rglob("*.png")):
        found.setdefault(path.stem, []).append(path.relative_to(out))
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Pages</title><style>",
        "body{font:14px sans-serif}figure{display:inline-block;margin:4px;vertical-align:top}",
        "img{height:320px;max-width:640px;object-fit:cover;object-position:top;",
        "border:1px solid #999}</style><h1>Pages</h1>",
    ]
    for name, paths in sorted(found.items()):
        parts.append(f"<h2>{html.escape(name)}</h2>")
        for path in paths:
            address = html.escape(path.as_posix())
            parts.append(
                f"<figure><a href='{address}'><img loading='lazy' src='{address}' alt=''></a>"
                f"<figcaption>{html.escape(str(path.parent))}</figcaption></figure>"
            )
    (out / "index.html").write_text("\n".join(parts), "utf-8")


def main(arguments: list[str]) -> int:
    """Take the pictures; return 1 where a browser complained of anything."""
    wish, demo = wish_of(arguments)
    if not chromium_there():
        print("Chromium is missing: apt-get install chromium", file=sys.stderr)
        return 3
    count = Count()
    with tempfile.TemporaryDirectory(prefix="pages-") as made:
        folder = demo or Path(made)
        if demo is None:
            make_demo(folder)
        workspace = folder / "workspace"
        add_people(workspace)
        app = create_app(workspace)
        try:
            clients = {role: app.test_client() for role in ROLES}
            for role, client in clients.items():
                sign_in(client, name_of(role), PASSWORD)
            pages, without = page_addresses(app, clients)
            # The same address shows another page on a screen that nobody touches.
            pages += [
                PageAddress(f"{page.name}-wall", f"{page.path}?wall=1", page.role)
                for page in pages
                if page.name == "overview"
            ]
            if wish.pages:
                pages = [page for page in pages if page.name in wish.pages]
            with serving(app) as base, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
                take(browser, base, pages, wish, count)
                browser.close()
        finally:
            app.extensions["geoinspect"].workspace.close()
    contact_sheet(wish.out)
    for rule in without:
        print(f"no record for {rule}", file=sys.stderr)
    print(
        f"{count.pictures} pictures of {len(pages)} pages in {wish.out}; {count.problems} problems"
    )
    return 1 if count.problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except GeoInspectError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
