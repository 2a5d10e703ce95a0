"""How the web server itself is, beside the workspace: its certificate and the base map behind it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app, request

from geoinspect import health
from geoinspect.errors import GeoInspectError, Text
from geoinspect.health import ALARM, CAUTION, OK, Check
from webmap.office import office
from webmap.tiles.basemap_book import base_map

TLS_CERT = "TLS_CERT"
# A working rule of ours: an office needs some weeks to get a certificate signed.
_SOON, _VERY_SOON = timedelta(days=30), timedelta(days=7)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SEQUENCE, _UTC_TIME, _GENERAL_TIME, _VERSION = 0x30, 0x17, 0x18, 0xA0


def all_checks() -> list[Check]:
    """Return what was found of the workspace and of this server."""
    given = current_app.config.get(TLS_CERT)
    found = health.look(office().workspace)
    certificate = _certificate(None if given is None else Path(given), datetime.now(UTC))
    return [*found, certificate, *_base_map()]


def ends_at(pem: str) -> datetime:
    """Return when the first certificate of a PEM file ends, UTC.

    Raises:
        ValueError: It is no certificate.

    The field is ``notAfter`` of RFC 5280, 4.1.2.5: a UTCTime until 2049, then a GeneralizedTime.
    """
    first = pem[pem.index(ssl.PEM_HEADER) :].split(ssl.PEM_FOOTER, 1)[0] + ssl.PEM_FOOTER
    der = ssl.PEM_cert_to_DER_cert(first)
    ((_tag, whole),) = _parts(der)
    (_tag, told), *_rest = _parts(whole)
    fields = [part for part in _parts(told) if part[0] != _VERSION]
    # Serial number, algorithm, issuer, validity.
    tag, validity = fields[3]
    times = list(_parts(validity))
    if tag != _SEQUENCE or len(times) != 2:
        raise ValueError("no certificate")
    tag, text = times[1]
    form = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERAL_TIME: "%Y%m%d%H%M%SZ"}[tag]
    return datetime.strptime(text.decode("ascii"), form).replace(tzinfo=UTC)


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each DER value that stands after the other."""
    at = 0
    while at < len(der):
        tag, size, at = der[at], der[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            size, at = int.from_bytes(der[at : at + count]), at + count
        if at + size > len(der):
            raise ValueError("cut off")
        yield tag, der[at : at + size]
        at += size


def _certificate(path: Path | None, now: datetime) -> Check:
    name = Text("HTTPS 证书", "Certificate of HTTPS")
    if path is None:
        return _without_certificate(name)
    todo = Text(
        "请申请新证书,替换 --tls-cert 和 --tls-key 的文件,然后重新启动;过期后手机将无法离线工作和定位",
        "Get a new one, put it in the place of the files of --tls-cert and --tls-key and start the "
        "server again; once it is over, phones can neither work offline nor locate.",
    )
    try:
        end = ends_at(path.read_text("ascii"))
    except (OSError, ValueError, KeyError, IndexError):
        return Check("certificate", CAUTION, name, Text("证书读不懂", "can't be read"), todo)
    left = end - now
    told = Text(f"有效期至 {end:%Y-%m-%d}", f"holds until {end:%Y-%m-%d}")
    if left > _SOON:
        return Check("certificate", OK, name, told)
    level = ALARM if left <= _VERY_SOON else CAUTION
    return Check("certificate", level, name, told, todo)


def _without_certificate(name: Text) -> Check:
    """Return how this page itself was asked for: by a proxy's HTTPS, on this machine, or bare."""
    if request.is_secure:
        told = Text(
            "由代理提供,证书请在代理上查看", "given by a proxy; look there for its certificate"
        )
        return Check("certificate", OK, name, told)
    if (urlsplit(request.host_url).hostname or "") in _LOOPBACK:
        told = Text("没有使用;只在本机打开时不需要", "none; not needed on this machine alone")
        return Check("certificate", OK, name, told)
    told = Text("没有使用 HTTPS:密码在网络上可被看到", "none: passwords can be seen on the network")
    todo = Text(
        "请用 --tls-cert 和 --tls-key 启动,或由代理提供 HTTPS;没有它,手机不能离线工作和定位",
        "Start the server with --tls-cert and --tls-key, or have a proxy give HTTPS; without it "
        "phones can neither work offline nor locate.",
    )
    return Check("certificate", CAUTION, name, told, todo)


def _base_map() -> list[Check]:
    """Return whether the server of the base map answers; nothing where there is none."""
    name = Text("底图服务器", "Server of the base map")
    try:
        upstream = base_map(office().workspace).upstream
    except GeoInspectError as error:
        return [Check("base_map", CAUTION, name, error.text)]
    if upstream is None:
        return []
    if not upstream.away:
        return [Check("base_map", OK, name, Text("最近的请求都有应答", "answered when last asked"))]
    told = Text("刚才没有应答;地图用已保存的瓦片", "did not answer just now; kept tiles are shown")
    todo = Text(
        "请检查内网、该服务器和设置 basemap_url;地图上的数据不受影响",
        "Check the network, that server and the setting basemap_url; the map's own data is there.",
    )
    return [Check("base_map", CAUTION, name, told, todo)]
