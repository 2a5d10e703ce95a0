"""Taking out of a tip's words what names its reporter, before anything is kept.

Masked are mobile numbers, fixed lines, identity and bank card numbers, e-mail addresses, the
accounts and names that follow words such as 微信, QQ or 我叫; however the digits are dressed: full
width, Chinese, with blanks, dashes or dots between. What people write of the ground stays: counts,
mu, years, coordinates. Where a number could be both, it is masked.

Shapes of numbers: mobile 1[3-9] and nine digits, fixed lines 0 and an area code of two or three
digits (工业和信息化部《电信网编号计划》2017); identity numbers 6 + 8 + 3 + 1 digits (GB 11643-1999),
15 digits before 2000; bank cards 13 to 19 digits (ISO/IEC 7812-1).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

MASK = "〔已隐去〕"
# A decimetre: finer than any phone, and too short to hide a number that calls somebody.
_DECIMALS = 6
_CHINESE_DIGITS = {
    **{c: str(n) for n, c in enumerate("〇一二三四五六七八九")},
    "零": "0",
    "幺": "1",
}
_SOFT = frozenset(" \t\u00a0.·•_()+~/|*#-")
_HARD = frozenset(",、\n\r;:")
_MOST_BETWEEN = 3
# No count, area or year has so many digits in one piece.
_LONG_DIGITS = 11
_LONG_DECIMALS = re.compile(rf"(?<![\d.])(\d{{1,3}}\.\d{{{_DECIMALS}}})\d+(?![\d.])")
_MOBILE = re.compile(r"(?:(?:00)?86)?0?1[3-9]\d{9}")
_FIXED = re.compile(r"(?:(?:00)?86)?0(?:10|2\d|[3-9]\d\d)\d{7,8}(?:\d{1,4})?")
_CARD_GROUPS = re.compile(r"(?:4,){3}[1-4](?:,[1-3])?")
_HARD_GROUPS = frozenset({(3, 4, 4), (3, 8), (7, 4), (4, 3, 4), (3, 3, 5), (1,) * 11})
_DIGIT_LIKE = str.maketrans("OolI", "0011")
_LETTERED = re.compile(r"(?<![A-Za-z0-9])[1lI][3-9][0-9OoIl]{9}(?![A-Za-z0-9])")
_MAIL = re.compile(
    r"[\w.+-]{1,64} ?(?:@|\(at\)|\[at\]) ?[\w-]{1,64}(?: ?\.[\w-]{2,24}){1,4}", re.ASCII
)
_ACCOUNT_WORDS = (
    r"微信|威信|薇信|v信|weixin|wechat|(?<![a-z])(?:wx|vx|qq|tg)|扣扣|企鹅号|支付宝|抖音|快手|telegram|"
    r"whatsapp"
)
_ACCOUNT = re.compile(
    rf"(?i)(?:{_ACCOUNT_WORDS})(?:同号|号码|帐号|账号|号|id)?(?:[ ::=]|是|为|加|我|id)*"
    r"([a-z0-9][a-z0-9_-]{3,29}(?: ?\d{2,12}){0,4})"
)
_NAMED = re.compile(
    r"(?:我叫(?![他她它你人大别])|我的名字[是叫]?|姓名[ ::是为]*|(?:联系人|举报人)[ ::]+)"
    r"([\u4e00-\u9fff·0-9]{2,4})(?=$|[^\u4e00-\u9fff])"
)
_NAMED_EN = re.compile(r"(?i)\bmy name is ([a-z]{1,20}(?: [a-z]{1,20})?)")
# A local number without its area code is only known by the word before it.
_CALLED = re.compile(
    r"(?i)(?:电话|座机|手机|热线|号码|联系方式|tel|phone|mobile|call)[^\d\n]{0,6}"
    r"(\d{7,8}|\d{3,4}[ -]\d{4})(?!\d)"
)
_ABROAD = re.compile(r"\+\d{1,3}(?:[ -]?\d){7,13}")
_MASK_FINDER = re.compile(re.escape(MASK))


@dataclass(frozen=True, slots=True)
class Masked:
    """A text that may be kept.

    Attributes:
        count: How many pieces were taken out.
    """

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class _Number:
    """Digits in one piece, ``text[start:end]``; a decimal number counts as one piece.

    Attributes:
        degrees: Of a decimal number, what it says; else None.
        soft: Only blanks, dashes or dots stand between it and the one before.
    """

    start: int
    end: int
    digits: str
    degrees: float | None
    soft: bool


def masked(text: str) -> Masked:
    """Return a text without what names its reporter.

    Args:
        text: As it was written; of any length.

    Masking again changes nothing.
    """
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cs"))
    while True:
        flat = _flat(text)
        spans = _merged([span for span in _spans(flat) if span[0] < span[1]])
        if not spans:
            break
        for start, end in reversed(spans):
            text = text[:start] + MASK + text[end:]
    for found in reversed(list(_LONG_DECIMALS.finditer(_flat(text)))):
        text = text[: found.end(1)] + text[found.end() :]
    return Masked(text, len(_MASK_FINDER.findall(text)))


def _flat(text: str) -> str:
    """Return a text of the same length with plain digits, letters, dashes and dots."""
    return "".join(_plain(c) for c in text)


def _plain(c: str) -> str:
    if c.isascii():
        return c
    known = _CHINESE_DIGITS.get(c)
    if known is not None:
        return known
    digit = unicodedata.digit(c, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(c) == "Pd" or c == "−":
        return "-"
    if unicodedata.category(c) == "Zs":
        return " "
    if c in "。．‧∙●":
        return "."
    wide = unicodedata.normalize("NFKC", c)
    return wide if len(wide) == 1 else c


def _spans(flat: str) -> Iterator[tuple[int, int]]:
    for pattern in (_MAIL, _ABROAD, _LETTERED):
        for found in pattern.finditer(flat):
            if pattern is not _LETTERED or _MOBILE.fullmatch(found[0].translate(_DIGIT_LIKE)):
                yield found.span()
    for pattern in (_ACCOUNT, _NAMED, _NAMED_EN, _CALLED):
        for found in pattern.finditer(flat):
            yield found.span(1)
    for run in _runs(flat):
        yield from _in_run(run)


def _runs(flat: str) -> Iterator[list[_Number]]:
    """Yield numbers with only a little between them."""
    run: list[_Number] = []
    for found in re.finditer(r"\d{1,3}\.\d+(?![\d.])|\d+[Xx](?![A-Za-z])|\d+", flat):
        start, end = found.span()
        between = flat[run[-1].end : start] if run else ""
        soft = bool(run) and set(between) <= _SOFT
        near = bool(run) and len(between) <= _MOST_BETWEEN and set(between) <= _SOFT | _HARD
        if run and not near:
            yield run
            run = []
        # 130.0013.8000 is no decimal number.
        decimal = "." in found[0] and not flat[:start].endswith(".")
        digits = found[0].replace(".", "").upper()
        degrees = float(found[0]) if decimal else None
        run.append(_Number(start, end, digits, degrees, soft))
    if run:
        yield run


def _in_run(run: list[_Number]) -> Iterator[tuple[int, int]]:
    for number in run:
        if number.degrees is None and len(number.digits) >= _LONG_DIGITS:
            yield number.start, number.end
    for first in range(len(run)):
        digits = ""
        for last in range(first, min(first + 20, len(run))):
            digits += run[last].digits
            if len(digits) > 24:
                break
            if _names_somebody(run[first : last + 1], digits):
                yield run[first].start, run[last].end


def _names_somebody(part: list[_Number], digits: str) -> bool:
    if _is_ground(part):
        return False
    soft = all(number.soft for number in part[1:])
    sizes = tuple(len(number.digits) for number in part)
    if not soft:
        return sizes in _HARD_GROUPS and _MOBILE.fullmatch(digits) is not None
    if _MOBILE.fullmatch(digits):
        return True
    if (sizes[0] >= 3 or set(sizes) == {1}) and _FIXED.fullmatch(digits):
        return True
    if _is_identity(digits):
        return True
    groups = ",".join(map(str, sizes))
    return digits[0] in "3456789" and _CARD_GROUPS.fullmatch(groups) is not None


def _is_ground(part: list[_Number]) -> bool:
    """Whether numbers read as a place: one decimal degree of China, or a pair of them."""
    return len(part) <= 2 and all(n.degrees is not None and 3 < n.degrees < 136 for n in part)


def _is_identity(digits: str) -> bool:
    """Whether digits are built like an identity number: a region, a day of birth, a serial.

    A wrong check digit makes it no less a person's number that was mistyped.
    """
    if len(digits) == 18 and digits[:17].isdecimal() and digits[0] in "12345678":
        return _is_day(digits[6:14])
    if len(digits) == 15 and digits.isdecimal() and digits[0] in "12345678":
        return _is_day(f"19{digits[6:12]}")
    return False


def _is_day(digits: str) -> bool:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return 1900 <= day.year <= 2100


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in their order, those that meet as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found
