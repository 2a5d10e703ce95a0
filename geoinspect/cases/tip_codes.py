"""Claim codes: what a reporter writes down to hear of a tip and to claim a reward.

A code has 19 random letters and a check letter, ``XXXXX-XXXXX-XXXXX-XXXXX``. Of the Latin letters
and digits, one of each that look alike was left out; 23 are left, a prime number, so that the
check letter finds every single wrong letter and every two that were swapped (weighted sum mod 23).
19 letters hold 85.9 bits: nobody finds one by trying.

Only a hash is kept. It is plain SHA-256 and not keyed with the workspace's secret: against 2**85
codes a key adds nothing, and a claim must outlive the key, which an administrator may delete.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata

ALPHABET = "346789ACDEFHJKMNPRTUWXY"
_LETTERS = 19
_GROUP = 5
_VALUE = {letter: n for n, letter in enumerate(ALPHABET)}
# What people write for a letter that looks like it.
_READ_AS = str.maketrans({"V": "U", "B": "8", "G": "6"})
_PURPOSE = b"geoinspect tip claim 1\n"
_MOST_WRITTEN = 60


def new_code() -> str:
    """Return a new code as it is shown to people."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(_LETTERS))
    return shown_code(letters + _check_letter(letters))


def shown_code(code: str) -> str:
    """Return a normal code in groups of five."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def normal_code(written: str) -> str | None:
    """Return a code as people wrote it, in its normal form; None where it can't be one.

    Case, width, blanks and dashes don't matter.
    """
    if len(written) > _MOST_WRITTEN:
        return None
    plain = unicodedata.normalize("NFKC", written).upper()
    code = "".join(c for c in plain if c.isalnum()).translate(_READ_AS)
    if len(code) != _LETTERS + 1 or any(letter not in _VALUE for letter in code):
        return None
    return code if _check_letter(code[:-1]) == code[-1] else None


def hash_of_code(code: str) -> str:
    """Return what is kept of a normal code, in hex."""
    return hashlib.sha256(_PURPOSE + code.encode("ascii", "replace")).hexdigest()


def _check_letter(letters: str) -> str:
    # Weights 1 to 20 differ and are none of 0 mod 23; the check letter's is 20.
    weighted = sum(weight * _VALUE[letter] for weight, letter in enumerate(letters, 1))
    inverse = pow(_LETTERS + 1, -1, len(ALPHABET))
    return ALPHABET[-weighted * inverse % len(ALPHABET)]
