"""The second factor: codes by time (TOTP, RFC 6238), 6 digits every 30 s.

A code is taken once: a time step that was used, or one before it, is refused (RFC 6238 section 5.2),
also when the server's clock was set back.
"""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp
import segno

STEP_S = 30
# Steps by which a phone's clock may differ from the server's.
_WINDOW = 1
_ISSUER = "geoinspect"


def new_secret() -> str:
    """Return a random secret of 160 bits, as base32."""
    return str(pyotp.random_base32())


def address_of(secret: str, name: str) -> str:
    """Return the ``otpauth:`` address that a phone's app reads."""
    return str(pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=name, issuer_name=_ISSUER))


def drawn(address: str) -> str:
    """Return an address as a QR code: an SVG picture as ``data:`` address."""
    return str(segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff"))


def accepted_step(secret: str, code: str, now: datetime, *, after: int | None) -> int | None:
    """Return the time step whose code this is.

    Args:
        secret: Base32.
        code: As typed; blanks in it don't count.
        now: Aware.
        after: The last step that was used; only later ones are taken.

    Returns:
        The step, counted from 1970 in 30 s; None where the code is wrong, old or used.
    """
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdecimal()):
        return None
    here = int(now.timestamp()) // STEP_S
    making = pyotp.TOTP(secret, interval=STEP_S)
    for step in range(here - _WINDOW, here + _WINDOW + 1):
        fits = hmac.compare_digest(str(making.at(step * STEP_S)), typed)
        if fits and (after is None or step > after):
            return step
    return None
