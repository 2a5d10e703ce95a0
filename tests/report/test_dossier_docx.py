"""The dossier as DOCX: plain parts, Chinese type named, and LibreOffice opens it."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import docx
import pytest
from docx.oxml.ns import qn
from dossier_builders import LONG_NOTE, NOTE, TITLE, dossier_in, no_sockets

from geoinspect.errors import UsageError
from geoinspect.report.dossier_docx import dossier_docx
from geoinspect.report.dossier_records import Dossier


@pytest.fixture(scope="module")
def dossier(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    return dossier_in(tmp_path_factory.mktemp("docx") / "w")


@pytest.fixture(scope="module")
def made(dossier: Dossier) -> bytes:
    with no_sockets() as tried:
        data = dossier_docx(dossier)
    assert tried == []
    return data


def test_it_holds_no_macro_and_no_link_outward(made: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        names = parts.namelist()
        relations = [parts.read(name) for name in names if name.endswith(".rels")]
    assert not [name for name in names if re.search("vba|macro|embed|\\.bin", name, re.IGNORECASE)]
    assert not any(b'TargetMode="External"' in part for part in relations)


def test_every_word_is_there_and_in_a_chinese_type(made: bytes) -> None:
    document = docx.Document(io.BytesIO(made))
    body = document.element.body
    text = "".join(node.text or "" for node in body.iter(qn("w:t")))
    assert TITLE in text
    assert NOTE in text
    assert LONG_NOTE in text
    for run in body.iter(qn("w:r")):
        if any((node.text or "").strip() for node in run.iter(qn("w:t"))):
            fonts = run.find(f"{qn('w:rPr')}/{qn('w:rFonts')}")
            assert fonts is not None
            assert fonts.get(qn("w:eastAsia")) == "Microsoft YaHei"
    fields = [
        f.get(qn("w:instr")) for f in document.sections[0].footer._element.iter(qn("w:fldSimple"))
    ]
    assert fields == ["PAGE", "NUMPAGES"]
    assert len(document.inline_shapes) == 7


def test_the_same_dossier_gives_the_same_bytes(made: bytes, dossier: Dossier) -> None:
    assert dossier_docx(dossier) == made
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        about = ElementTree.fromstring(parts.read("docProps/core.xml"))
    assert "2026-05-14T12:00:00Z" in {(node.text or "") for node in about}


def test_a_missing_library_says_what_to_install(
    dossier: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(UsageError, match=r"pip install 'geoinspect\[report\]'"):
        dossier_docx(dossier)


def test_libreoffice_opens_it_with_chinese_right(
    made: bytes, dossier: Dossier, tmp_path: Path
) -> None:
    (tmp_path / "dossier.docx").write_bytes(made)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    convert = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run(
        [*convert, str(tmp_path / "dossier.docx")], check=True, capture_output=True, timeout=180
    )
    pdf = str(tmp_path / "dossier.pdf")
    text = subprocess.run(["pdftotext", "-raw", pdf, "-"], check=True, capture_output=True)
    joined = re.sub(r"\s", "", text.stdout.decode())
    for words in ("线索卷宗", "后山地块{{7*7}}", "仅供参考,不是法律认定", "第1页/共", "制表人"):
        assert words in joined
    assert all(one.sha256 in joined for one in dossier.evidence)
    fonts = subprocess.run(["pdffonts", pdf], check=True, capture_output=True).stdout.decode()
    assert "WenQuanYi" in fonts or "CJK" in fonts
