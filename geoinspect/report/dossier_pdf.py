"""A dossier as PDF: its own HTML, laid out by WeasyPrint, which may fetch nothing."""

from __future__ import annotations

import hashlib
import logging

from geoinspect.errors import UsageError
from geoinspect.report.dossier_html import dossier_html
from geoinspect.report.dossier_records import Dossier

# So many pixels an inch are enough to print a photo by.
_DPI = 200


def dossier_pdf(dossier: Dossier) -> bytes:
    """Return a dossier as PDF with its fonts inside. The same dossier gives the same bytes.

    Raises:
        UsageError: WeasyPrint, or the system's library that it draws text with, is not installed.
    """
    try:
        import weasyprint  # noqa: PLC0415 - an optional library
        from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415
        from weasyprint.urls import FatalURLFetchingError, URLFetcher  # noqa: PLC0415
    except (ImportError, OSError) as error:
        raise UsageError(
            f"没有安装 PDF 组件({error}):pip install 'geoinspect[report]',"
            "并安装系统库 libpango(apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)",
            f"PDF can't be written here ({error}): pip install 'geoinspect[report]', and the "
            "system's library pango (apt install libpango-1.0-0 libpangoft2-1.0-0 "
            "libharfbuzz-subset0)",
            code="no_weasyprint",
        ) from error
    page = dossier_html(dossier)
    for name in ("weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Pictures are inside the page; anything else that asks to be fetched is an error of ours.
    fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False, fail_on_errors=True)
    try:
        pdf: bytes = weasyprint.HTML(string=page, url_fetcher=fetcher).write_pdf(
            font_config=FontConfiguration(),
            pdf_identifier=hashlib.sha256(page.encode()).digest()[:16],
            dpi=_DPI,
            custom_metadata=False,
        )
    except FatalURLFetchingError as error:
        # It is no Exception there, so nothing else would catch it.
        raise RuntimeError(f"the dossier's page asks for something outside: {error}") from error
    return pdf
