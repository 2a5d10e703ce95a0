"""The dossier as PDF, read by other people's tools."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dossier_builders import LONG_NOTE, dossier_in, no_sockets
from PIL import Image

from geoinspect.errors import UsageError
from geoinspect.report import dossier_pdf as module
from geoinspect.report.dossier_pdf import dossier_pdf
from geoinspect.report.dossier_records import Dossier


@pytest.fixture(scope="module")
def dossier(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    return dossier_in(tmp_path_factory.mktemp("pdf") / "w")


@pytest.fixture(scope="module")
def made(dossier: Dossier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "dossier.pdf"
    with no_sockets() as tried:
        path.write_bytes(dossier_pdf(dossier))
    assert tried == []
    return path


def said(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, check=True)
    return done.stdout.decode()


def test_its_text_can_be_read_and_searched(made: Path, dossier: Dossier) -> None:
    text = said("pdftotext", "-raw", made, "-")
    joined = re.sub(r"\s", "", text)
    for words in ("线索卷宗2026-00001", "后山地块{{7*7}}<script>alert(1)</script>", "试验县/第1乡"):
        assert words in joined
    for words in ("仅供参考,不是法律认定", "人工拔除", "制表人", "审计链行数", dossier.last_hash):
        assert words in joined
    assert all(one.sha256 in joined for one in dossier.evidence)
    # A note longer than a page runs over to the next and loses nothing.
    assert joined.count("长") >= LONG_NOTE.count("长")


def test_its_pages_are_numbered(made: Path) -> None:
    pages = int(re.search(r"Pages:\s+(\d+)", said("pdfinfo", made))[1])  # type: ignore[index]
    assert pages > 5
    for n in (1, pages):
        text = said("pdftotext", "-f", n, "-l", n, made, "-")
        assert f"第 {n} 页 / 共 {pages} 页" in text
        assert "2026-00001" in text


def test_its_fonts_are_inside(made: Path) -> None:
    rows = said("pdffonts", made).splitlines()[2:]
    assert rows
    assert {tuple(row.split()[-5:-3]) for row in rows} == {("yes", "yes")}
    assert any("CJK" in row or "WenQuanYi" in row for row in rows)


def test_its_metadata_are_ours(made: Path) -> None:
    told = said("pdfinfo", "-isodates", made)
    assert re.search(r"CreationDate:\s+2026-05-14T20:00:00\+08", told)
    assert re.search(r"Title:\s+线索卷宗 2026-00001", told)
    assert re.search(r"JavaScript:\s+no", told)
    assert re.search(r"Page size:\s+59\d\.\d+ x 84\d\.\d+ pts \(A4\)", told)


def test_the_same_dossier_gives_the_same_bytes(made: Path, dossier: Dossier) -> None:
    assert dossier_pdf(dossier) == made.read_bytes()
    assert dossier_pdf(replace(dossier, title="别的")) != made.read_bytes()


def test_its_maps_are_on_paper(made: Path, tmp_path: Path) -> None:
    said("pdftoppm", "-r", "40", "-f", "2", "-l", "2", "-png", made, tmp_path / "page")
    (picture,) = tmp_path.glob("*.png")
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    green = (pixels[..., 1] > pixels[..., 0] + 15) & (pixels[..., 1] > pixels[..., 2] + 30)
    # The drone picture of the meadow, and the red line of the ground on it.
    assert green.mean() > 0.1
    red = (pixels[..., 0] > 150) & (pixels[..., 1] < 90) & (pixels[..., 2] < 120)
    assert red.sum() > 10


def test_a_page_that_asks_for_more_is_refused(
    dossier: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = '<img src="file:///etc/hostname"><link rel=stylesheet href="http://127.0.0.1:9/x.css">'
    monkeypatch.setattr(module, "dossier_html", lambda _: page)
    with no_sockets() as tried, pytest.raises(RuntimeError, match="asks for something outside"):
        dossier_pdf(dossier)
    assert tried == []


def test_a_missing_library_says_what_to_install(
    dossier: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(UsageError, match="libpango"):
        dossier_pdf(dossier)
