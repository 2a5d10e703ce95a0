"""A dossier as DOCX, for offices that add to it: plain tables and pictures, no macros, no links."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC
from typing import Any

from geoinspect.errors import UsageError
from geoinspect.report.dossier_body import (
    SIGN_DAY,
    SIGNERS,
    SIMULATED,
    TITLE,
    Block,
    Table,
    Words,
    sections,
)
from geoinspect.report.dossier_records import Dossier, Picture, shown

_LATIN, _CHINESE, _CODE = "Arial", "Microsoft YaHei", "Consolas"
_PAGE_MM, _MARGIN_MM = (210, 297), (16, 20)
_HEAD_FILL, _RED, _GREY = "EEEEEE", "AA0000", "777777"
# The first moment that a ZIP can name: files made at another time are the same bytes.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def dossier_docx(dossier: Dossier) -> bytes:
    """Return a dossier as DOCX. The same dossier gives the same bytes.

    Raises:
        UsageError: python-docx is not installed.
    """
    try:
        import docx  # noqa: PLC0415 - an optional library
    except ImportError as error:
        raise UsageError(
            "没有安装 DOCX 组件:pip install 'geoinspect[report]',或改用 .html",
            "DOCX can't be written here: pip install 'geoinspect[report]', or take .html",
            code="no_python_docx",
        ) from error
    paper = _Paper(docx.Document())
    paper.set_up(dossier)
    paper.line(f"{TITLE.zh} {TITLE.en}", size_pt=20, bold=True, middle=True)
    paper.line(dossier.number, size_pt=12, middle=True)
    for n, section in enumerate(sections(dossier)):
        paper.heading(f"{section.heading.zh} {section.heading.en}")
        for block in section.blocks:
            paper.block(block)
        if n == 0:
            paper.signs()
    return _same_bytes(paper.saved())


class _Paper:
    """A document that is being written. python-docx brings no types."""

    def __init__(self, document: Any) -> None:  # noqa: ANN401
        self.document = document

    def set_up(self, dossier: Dossier) -> None:
        """Set page, type, header, footer and what the file says of itself."""
        from docx.shared import Mm, Pt  # noqa: PLC0415

        page = self.document.sections[0]
        page.page_width, page.page_height = Mm(_PAGE_MM[0]), Mm(_PAGE_MM[1])
        page.left_margin = page.right_margin = Mm(_MARGIN_MM[0])
        page.top_margin = page.bottom_margin = Mm(_MARGIN_MM[1])
        for name in ("Normal", "Heading 1"):
            style = self.document.styles[name]
            style.font.name = _LATIN
            _set_fonts(style.element.get_or_add_rPr(), _LATIN)
        normal = self.document.styles["Normal"]
        # Else Word checks and breaks Chinese lines by the rules of its own language.
        language = _element("w:lang", val="en-US", eastAsia="zh-CN")
        normal.element.get_or_add_rPr().append(language)
        normal.font.size = Pt(10)
        normal.paragraph_format.space_after = Pt(4)
        about = self.document.core_properties
        made = dossier.made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        about.title = f"{TITLE.zh} {dossier.number}"
        about.author = about.last_modified_by = _plain(dossier.made_by)[:200]
        about.comments, about.language = "geoinspect", "zh-CN"
        about.created = about.modified = made
        mark = f"    {SIMULATED.zh}" if dossier.simulated else ""
        _run(page.header.paragraphs[0], f"{TITLE.zh} {dossier.number}{mark}", size_pt=9)
        foot = page.footer.paragraphs[0]
        foot.alignment = 1
        for text, field in (("第 ", "PAGE"), (" 页 / 共 ", "NUMPAGES"), (" 页", "")):
            _run(foot, text, size_pt=9)
            if field:
                _field(foot, field)

    def heading(self, text: str) -> None:
        """Write the heading of a section."""
        heading = self.document.add_heading(level=1)
        _run(heading, text, size_pt=13, bold=True, colour="1C1C1C")

    def line(
        self, text: str, *, size_pt: float = 10, bold: bool = False, middle: bool = False
    ) -> None:
        """Write a paragraph of its own."""
        paragraph = self.document.add_paragraph()
        paragraph.alignment = 1 if middle else None
        _run(paragraph, text, size_pt=size_pt, bold=bold)

    def block(self, block: Block) -> None:
        """Write a table, a paragraph or a picture."""
        if isinstance(block, Words):
            colour = _RED if block.warning else None
            _run(self.document.add_paragraph(), block.text, bold=block.warning, colour=colour)
        elif isinstance(block, Table):
            self._table(block)
        else:
            self._picture(block)

    def _table(self, table: Table) -> None:
        from docx.shared import Mm  # noqa: PLC0415

        written = self.document.add_table(rows=0, cols=len(table.widths))
        written.style, written.autofit = "Table Grid", False
        usable = _PAGE_MM[0] - 2 * _MARGIN_MM[0]
        widths = [Mm(usable * share) for share in table.widths]
        for column, width in zip(written.columns, widths, strict=True):
            column.width = width
        if table.columns:
            texts = [f"{column.zh}\n{column.en}" for column in table.columns]
            row = written.add_row()
            _fill(row, texts, widths, heads=set(range(len(texts))))
            _repeat(row)
        for k, cells in enumerate(table.rows):
            heads = set() if table.columns else {0}
            struck = k in table.struck
            _fill(written.add_row(), cells, widths, heads=heads, code=table.code, struck=struck)
        self.document.add_paragraph()

    def _picture(self, picture: Picture) -> None:
        from docx.shared import Mm  # noqa: PLC0415

        paragraph = self.document.add_paragraph()
        paragraph.alignment, paragraph.paragraph_format.keep_with_next = 1, True
        paragraph.add_run().add_picture(io.BytesIO(picture.data), width=Mm(picture.width_mm))
        caption = self.document.add_paragraph()
        caption.alignment = 1
        _run(caption, f"{shown(picture.caption.zh)}\n{shown(picture.caption.en)}", size_pt=9)

    def signs(self) -> None:
        """Write the lines to sign on."""
        self.document.add_paragraph()
        row = self.document.add_table(rows=1, cols=len(SIGNERS)).rows[0]
        for cell, who in zip(row.cells, SIGNERS, strict=True):
            text = f"\n\n______________________\n{who.zh} {who.en}\n{SIGN_DAY.zh} {SIGN_DAY.en}:"
            _run(cell.paragraphs[0], text, size_pt=9)

    def saved(self) -> bytes:
        """Return the document as it is saved."""
        out = io.BytesIO()
        self.document.save(out)
        return out.getvalue()


def _fill(
    row: Any,  # noqa: ANN401
    texts: tuple[str, ...] | list[str],
    widths: list[Any],
    *,
    heads: set[int],
    code: frozenset[int] = frozenset(),
    struck: bool = False,
) -> None:
    for n, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
        cell.width = widths[n]
        run = _run(
            cell.paragraphs[0],
            text,
            size_pt=8 if n in code else 9,
            bold=n in heads,
            colour=_GREY if struck else None,
            latin=_CODE if n in code else _LATIN,
        )
        run.font.strike = struck or None
        if n in heads:
            _shade(cell)


def _run(
    paragraph: Any,  # noqa: ANN401
    text: str,
    *,
    size_pt: float | None = None,
    bold: bool = False,
    colour: str | None = None,
    latin: str = _LATIN,
) -> Any:  # noqa: ANN401
    from docx.shared import Pt, RGBColor  # noqa: PLC0415

    run = paragraph.add_run(_plain(text))
    run.bold = bold or None
    if size_pt is not None:
        run.font.size = Pt(size_pt)
    if colour is not None:
        run.font.color.rgb = RGBColor.from_string(colour)
    run.font.name = latin
    _set_fonts(run._element.get_or_add_rPr(), latin)
    return run


def _plain(text: str) -> str:
    """Return text without what XML can't hold; :func:`shown` has made the rest visible before."""
    return "".join(
        c if c in "\n\t" or (c >= " " and c not in "\ufffe\uffff") else "\ufffd" for c in text
    )


def _set_fonts(properties: Any, latin: str) -> None:  # noqa: ANN401
    """Name the type for Chinese too: without it Word picks one by its own language."""
    from docx.oxml.ns import qn  # noqa: PLC0415

    fonts = properties.get_or_add_rFonts()
    for kind, name in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", _CHINESE)):
        fonts.set(qn(f"w:{kind}"), name)
    for kind in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{kind}"), None)


def _element(name: str, **values: str) -> Any:  # noqa: ANN401
    from docx.oxml import OxmlElement  # noqa: PLC0415
    from docx.oxml.ns import qn  # noqa: PLC0415

    element = OxmlElement(name)
    for key, value in values.items():
        element.set(qn(f"w:{key}"), value)
    return element


def _field(paragraph: Any, name: str) -> None:  # noqa: ANN401
    """Add a number that the reader's program counts, such as that of the page."""
    field = _element("w:fldSimple", instr=name)
    run = _run(paragraph, "1", size_pt=9)
    run._element.getparent().replace(run._element, field)
    field.append(run._element)


def _shade(cell: Any) -> None:  # noqa: ANN401
    shade = _element("w:shd", val="clear", color="auto", fill=_HEAD_FILL)
    cell._element.get_or_add_tcPr().append(shade)


def _repeat(row: Any) -> None:  # noqa: ANN401
    """Let a table's head be repeated on each page."""
    row._tr.get_or_add_trPr().append(_element("w:tblHeader", val="true"))


def _same_bytes(made: bytes) -> bytes:
    """Return the document with its parts at one fixed time."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return out.getvalue()
