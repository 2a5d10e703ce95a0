"""The certificate's end and the base map's server, as the page about health tells of them."""

from __future__ import annotations

import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import Visitor
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from webmap.health_checks import TLS_CERT, all_checks, ends_at


def certificate(folder: Path, days: int) -> Path:
    path = folder / f"{days}.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(path), "-days", str(days)]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.mark.parametrize(("days", "level"), [(2, "alarm"), (20, "caution"), (400, "ok"), (20_000, "ok")])  # fmt: skip
def test_a_certificate_that_ends_is_told_in_time(
    app: Flask, visitor: Visitor, tmp_path: Path, days: int, level: str
) -> None:
    path = certificate(tmp_path, days)
    # OpenSSL itself as the oracle.
    told = subprocess.run(
        ["openssl", "x509", "-enddate", "-noout", "-in", str(path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    end = datetime.strptime(told.strip(), "notAfter=%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    assert ends_at(path.read_text("ascii")) == end
    assert abs(end - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=5)
    app.config[TLS_CERT] = str(path)
    try:
        found = {one["key"]: one for one in visitor.json("health")["checks"]}
    finally:
        del app.config[TLS_CERT]
    assert found["certificate"]["level"] == level
    assert f"{end:%Y-%m-%d}" in found["certificate"]["found"]["zh"]
    assert bool(found["certificate"]["todo"]["zh"]) == (level != "ok")


def test_without_https_or_with_no_certificate_it_says_so(
    app: Flask, visitor: Visitor, tmp_path: Path
) -> None:
    page = visitor.client.get("/health").get_data(as_text=True)
    assert 'id="check-certificate"' in page
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    app.config[TLS_CERT] = str(broken)
    try:
        found = {one["key"]: one for one in visitor.json("health")["checks"]}
    finally:
        del app.config[TLS_CERT]
    assert found["certificate"]["level"] == "caution"


@pytest.mark.parametrize(
    ("asked_at", "level"),
    [
        ("http://localhost", "ok"),
        ("http://127.0.0.1:8000", "ok"),
        ("https://map.county.example", "ok"),
        ("http://map.county.example", "caution"),
        ("http://10.1.2.3:8000", "caution"),
    ],
)
def test_bare_http_across_a_network_is_told(app: Flask, asked_at: str, level: str) -> None:
    with app.test_request_context("/health", base_url=asked_at):
        found = {one.key: one for one in all_checks()}
    assert found["certificate"].level == level
    assert bool(found["certificate"].todo.zh) == (level != "ok")


@given(st.binary(max_size=60))
def test_bytes_that_are_no_certificate_are_refused_as_such(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError, IndexError)):
        ends_at(ssl.DER_cert_to_PEM_cert(data))
