"""Every word of the web map is in the Chinese catalogue, and nothing in it is left over or vague."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from conftest import ROOT

from geoinspect.store.people import ROLES

CATALOGUE = ROOT / "webmap" / "translations" / "zh_CN" / "LC_MESSAGES" / "messages.po"


def extracted() -> set[str]:
    with (ROOT / "babel.cfg").open(encoding="utf-8") as stream:
        methods, options = parse_mapping_cfg(stream)
    found = extract_from_dir(
        ROOT / "webmap",
        [(p.removeprefix("webmap/"), m) for p, m in methods],
        {p.removeprefix("webmap/"): o for p, o in options.items()},
    )
    return {
        message for _file, _line, message, _comments, _context in found if isinstance(message, str)
    }


def test_the_catalogue_is_whole() -> None:
    with CATALOGUE.open("rb") as stream:
        catalogue = read_po(stream, locale="zh_CN")
    messages = {m.id: m for m in catalogue if m.id}
    assert extracted() == set(messages)
    for words, message in messages.items():
        assert message.string, words
        assert not message.fuzzy, words
        holes = re.compile(r"%\(\w+\)\w|\{\w+\}")
        assert sorted(holes.findall(words)) == sorted(holes.findall(message.string)), words


def test_scripts_ask_only_for_words_that_exist() -> None:
    from webmap import words as words_

    modules = Path(words_.__file__).parent.glob("*words.py")
    source = "".join(path.read_text("utf-8") for path in modules)
    known = set(re.findall(r'^\s+"(\w+)": _\(', source, re.M))
    scripts = "".join(p.read_text("utf-8") for p in (ROOT / "webmap/static/js").glob("*.js"))
    asked = set(re.findall(r'\bsay\("(\w+)"', scripts))
    assert asked <= known, asked - known
    # Nobody translates what is never shown: the rest is asked for by a name put together.
    put_together = re.compile(
        r"(im|fig|days|news|rank|jb|find|compare|filter|zone|layer|mode|level|reason|setting|evidence|doubt|copy|counts|about|legend|factor|do|f|reach|large|step|link|role|survey_says)_|"
        r"\w+_one$"
    )
    unused = {w for w in known - asked if not put_together.match(w) and f'"{w}"' not in scripts}
    assert unused - {"done", "duplicate", "refused", "received", *ROLES} == set()


def test_a_word_of_the_map_means_one_thing() -> None:
    """The map's words come from many modules, and the last one would win unseen."""
    from webmap import words as words_

    folder = Path(words_.__file__).parent
    mine = re.compile(r"^\s+\"(\w+)\": _\(\s*\"([^\"]*)\"", re.M)
    meant: dict[str, set[str]] = {}
    for name in (
        "words",
        "case_link_words",
        "photo_words",
        "track_words",
        "shown_words",
        "map_words",
    ):
        for key, text in mine.findall((folder / f"{name}.py").read_text("utf-8")):
            meant.setdefault(key, set()).add(text)
    assert {key: texts for key, texts in meant.items() if len(texts) > 1} == {}
