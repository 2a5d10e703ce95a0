"""Over HTTPS with an office's own certificate the pages are a secure context, and cookies travel by TLS only."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PASSWORD, ROOT
from playwright.sync_api import expect
from test_browser import PHONE, chromium

from geoinspect.store import people
from geoinspect.store.workspace import Workspace

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
OPENSSL = Path("/usr/bin/openssl")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    if not OPENSSL.exists():
        pytest.skip("no openssl here")
    folder, cert, key = tmp_path / "w", tmp_path / "server.pem", tmp_path / "server.key"
    with Workspace.create(folder) as workspace, workspace.database.writing() as session:
        people.add_user(session, name="外勤", role="field", unit_code=None, password=PASSWORD)
    asked = [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    asked += ["-keyout", key, "-out", cert, "-subj", "/CN=localhost"]
    subprocess.run(
        [*asked, "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "geoinspect", "-w", folder, "serve", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "0", "--tls-cert", cert, "--tls-key", key]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("https://127.0.0.1")
        yield f"https://localhost:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_pages_over_tls_are_secure_and_so_are_their_cookies(chromium, served: str) -> None:
    width, height = PHONE
    context = chromium.new_context(
        viewport={"width": width, "height": height}, ignore_https_errors=True
    )
    try:
        page = context.new_page()
        page.goto(f"{served}/login?language=zh_CN&next=/today")
        page.fill("#username", "外勤")
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url("**/today")
        expect(page.locator("#cards[aria-busy=false]")).to_be_attached()
        assert page.evaluate("window.isSecureContext")
        assert page.evaluate("Boolean(navigator.serviceWorker && navigator.geolocation)")
        cookies = {one["name"]: one for one in context.cookies()}
        assert cookies["geoinspect"]["secure"]
        assert cookies["geoinspect"]["httpOnly"]
        assert cookies["language"]["secure"]
    finally:
        context.close()
