"""Taking out of a tip's words what names its reporter, before anything is kept.

Masked are mobile numbers, fixed lines, identity and bank card numbers, e-mail addresses, plates of
cars, the accounts and names that follow words such as 微信, QQ or 我叫, and where the reporter says
they live; however the digits are dressed: full width, Chinese, as letters that look alike, with
blanks, dashes or signs between. What people write of the ground stays: counts, mu, years,
coordinates, where somebody else's house stands. Where a number could be both, it is masked.

Shapes of numbers: mobile 1[3-9] and nine digits, fixed lines 0 and an area code of two or three
digits (工业和信息化部《电信网编号计划》2017); plates a province, a letter and 5 or 6 signs (GA
36-2018); identity numbers 6 + 8 + 3 + 1 digits (GB 11643-1999),
15 digits before 2000; bank cards 13 to 19 digits (ISO/IEC 7812-1).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

MASK = "〔已隐去〕"
# A decimetre: finer than any phone, and too short to hide a number that calls somebody.
_DECIMALS = 6
# Said on the telephone; 两 is only said of things, and counts plants.
_SPOKEN_DIGITS = {"零": "0", "幺": "1", "两": "两", "兩": "兩"}
# Marks of degrees part numbers of the ground.
_SIGNS, _DEGREE_SIGNS = frozenset({"So", "Sk", "Sm", "Mn", "Me"}), frozenset("°˚º")
_SOFT = frozenset(" \t\u00a0.·•_()+~/|*#-=^&!<>$`xX")
_HARD = frozenset(",、\n\r;:")
_MOST_BETWEEN = 3
# No count, area or year has so many digits in one piece.
_LONG_DIGITS = 11
_LONG_DECIMALS = re.compile(rf"(?<![\d.])(\d{{1,3}}\.\d{{{_DECIMALS}}})\d+(?![\d.])")
_MOBILE = re.compile(r"(?:(?:00)?86)?0?1[3-9]\d{9}")
_FIXED = re.compile(r"(?:(?:00)?86)?0(?:10|2\d|[3-9]\d\d)\d{7,8}(?:\d{1,4})?")
_CARD_GROUPS = re.compile(r"(?:4,){3}[1-4](?:,[1-3])?")
_HARD_GROUPS = frozenset({(3, 4, 4), (3, 8), (7, 4), (4, 3, 4), (3, 3, 5), (1,) * 11})
_DIGIT_LIKE = str.maketrans("OoQОоΟο○◯〇lIi|ㄧ丨Іㅣ", "000000000011111111")
_LETTERED = re.compile(r"(?=((?:(?:00)?86[ .*-]{0,2})?0?1(?:[ .*-]{0,2}\d){10}))")
_TOP = r"(?:com|cn|net|org|edu|gov|cc|me|io|top|vip|hk|tw)(?![a-z])"
_MAIL = re.compile(
    r"[\w.+-]{1,64} ?(?:@|[(\[{<【] ?at ?[)\]}>】]|艾特) ?[\w-]{1,64}(?: ?\.[\w-]{2,24}){1,4}"
    r"|[\w.+-]{1,64} ?(?:@|[(\[{<【] ?at ?[)\]}>】]|艾特| at ) ?[\w-]{1,64}"
    rf"(?: ?(?:\.|点|[(\[{{<【] ?(?:dot|点) ?[)\]}}>】]| dot ) ?[\w-]{{2,24}}){{0,3}}"
    rf" ?(?:\.|点|[(\[{{<【] ?(?:dot|点) ?[)\]}}>】]| dot ) ?{_TOP}",
    re.ASCII | re.IGNORECASE,
)
_PLATE = re.compile(
    r"(?i)[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][ *]?[a-z][ .·•*-]{0,2}"
    r"(?=(?:[a-z]*\d){3})[a-z0-9]{4,5}[a-z0-9挂学警港澳](?![a-z0-9])"
)
_ACCOUNT_WORDS = (
    r"(?:[微威薇徽]|(?<![a-z])v)[ *+.·-]{0,3}[信芯]|weixin|wechat|(?<![a-z])(?:wx|vx|qq|tg)|扣扣|企鹅号|支付宝|抖音|快手|telegram|"
    r"whatsapp"
)
_ACCOUNT = re.compile(
    rf"(?i)(?:{_ACCOUNT_WORDS})(?:同号|号码|帐号|账号|号|id(?![a-z0-9_]))?(?:[ ::=*+]|是|为|加|我|id(?![a-z0-9_]))*"
    r"([a-z0-9][a-z0-9_-]{3,29}(?: ?\d{2,12}){0,4})"
)
# The flowers 紫薇 and 蔷薇 are counted; an account has a letter.
_SHORT_ACCOUNT = re.compile(
    r"(?i)(?:(?<![紫蔷])薇|微(?=[ *]?[:*])|(?<![a-z0-9])v(?=[*+::])|(?:加|\+) ?[v微薇])(?:[ *+::=]|号|是|为)*"
    r"((?=[0-9_-]*[a-z])[a-z0-9_][a-z0-9_-]{3,29})"
)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘蒋蔡余杜叶程苏魏吕丁任"
    "沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴"
    "莫孔汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童"
    "凌毕季裴霍涂苗谷盛曲翁冉骆蓝辛靳柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤穆卓古吉缪简项"
    "芦麦褚娄窦戚岑景宫费卜冷晏席卫米柏宗瞿桂佟臧闵苟邬边卞姬仇栾隋刁沙荣巫寇桑郎甄丛仲虞敖"
    "巩明佘池麻苑迟邝于"
)
_LONG_SURNAMES = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|长孙|宇文|端木"
# Of what a farm, a village or a clause is made, and no given name.
_NO_NAME = r"(?![的了在是家沟村庄湾坪屯镇乡组寨岭坡县市省边们])"
# What begins like a name and is none.
_NO_ONE = "(?!于[昨今明前上本去当某这那]|高中|安全|马上|白天|方才)"
_ENDS = r"(?=$|[^\u4e00-\u9fff]|家?住|在|电话|手机|举报|反映|发现|看到|来自|的)"
_NAME_OF_ME = re.compile(
    r"(?:我是|我叫|我名叫|名字[是叫]|本人[是叫::, ]?)"
    rf"({_NO_ONE}(?:{_LONG_SURNAMES}|[{_SURNAMES}])(?:{_NO_NAME}[\u4e00-\u9fff]){{1,2}}?){_ENDS}"
)
_SURNAME_OF_ME = re.compile(
    rf"(?:我|免贵|本人)姓 ?((?:{_LONG_SURNAMES}|[\u4e00-\u9fff])(?:[名叫][\u4e00-\u9fff]{{1,2}})?)"
)
# Where somebody else lives is where to look; where the reporter lives is nobody's business.
_AT_HOME = re.compile(
    r"(?:(?:我|本人|我家|我们家|(?:^|(?<=[^\u4e00-\u9fff]))家?)住[在址]?|(?:我家|我们家)(?:在|门牌号?))"
    r"[^\d十百,,。.;;!!??\n〔]{0,16}?"
    r"((?:[\d十百-]{1,6}(?:组|社|队|栋|幢|单元|号楼|号院|楼|巷|弄|街|路) ?){0,4}"
    r"[\d十百-]{1,6}(?:号|室|户)(?![地棚田点图桩线斑塘坝井]))"
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
        found_at = [*_spans(flat), *_spans_of_me(text, flat)]
        spans = _merged([span for span in found_at if span[0] < span[1]])
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


@lru_cache(maxsize=4096)
def _plain(c: str) -> str:
    if c.isascii():
        return c
    known = _SPOKEN_DIGITS.get(c)
    if known is not None:
        return known
    number = unicodedata.numeric(c, -1.0)
    if 0 <= number <= 9 and number.is_integer():
        return str(int(number))
    if unicodedata.category(c) == "Pd" or c == "−":
        return "-"
    if unicodedata.category(c) == "Zs":
        return " "
    if c in "。．‧∙●":
        return "."
    wide = unicodedata.normalize("NFKC", c)
    # A heart between digits hides them as well as a dash; ㎡ does not.
    sign = unicodedata.category(c) in _SIGNS and not any(letter.isalnum() for letter in wide)
    if sign and c not in _DEGREE_SIGNS:
        return "*"
    return wide if len(wide) == 1 else c


def _spans(flat: str) -> Iterator[tuple[int, int]]:
    for pattern in (_MAIL, _ABROAD, _PLATE):
        for found in pattern.finditer(flat):
            yield found.span()
    yield from _lettered(flat)
    for pattern in (_ACCOUNT, _SHORT_ACCOUNT, _NAMED, _NAMED_EN, _CALLED):
        for found in pattern.finditer(flat):
            yield found.span(1)
    for run in _runs(flat):
        yield from _in_run(run)


def _spans_of_me(text: str, flat: str) -> Iterator[tuple[int, int]]:
    """Yield what the reporter says of their name and home; digits in names stay words."""
    for pattern in (_NAME_OF_ME, _SURNAME_OF_ME):
        for found in pattern.finditer(text):
            yield found.span(1)
    for found in _AT_HOME.finditer(flat):
        yield found.span(1)


def _lettered(flat: str) -> Iterator[tuple[int, int]]:
    """Yield mobile numbers some of whose digits are letters and strokes that look like them."""
    for found in _LETTERED.finditer(flat.translate(_DIGIT_LIKE)):
        start, end = found.span(1)
        written = flat[start:end]
        around = flat[max(start - 1, 0) : start] + flat[end : end + 1]
        digits = "".join(c for c in found[1] if c.isdecimal())
        dressed = any(
            c.isdecimal() != d.isdecimal() for c, d in zip(written, found[1], strict=True)
        )
        alone = not any(c.isascii() and c.isalnum() for c in around)
        if dressed and alone and _MOBILE.fullmatch(digits):
            yield start, end


def _runs(flat: str) -> Iterator[list[_Number]]:
    """Yield numbers with only a little between them."""
    run: list[_Number] = []
    for found in re.finditer(r"\d{1,3}\.\d+(?![\d.])|\d+[Xx](?![A-Za-z0-9])|\d+", flat):
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
