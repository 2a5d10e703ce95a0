"""What names a reporter is masked in every dress; what people write of the ground stays."""

from __future__ import annotations

import random
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoinspect.cases.tip_codes import (
    ALPHABET,
    hash_of_code,
    new_code,
    normal_code,
    shown_code,
)
from geoinspect.cases.tip_words import MASK, masked

FULL = str.maketrans("0123456789-", "０１２３４５６７８９－")
CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
FORMAL = str.maketrans("0123456789", "零壹贰叁肆伍陆柒捌玖")
MIXED = str.maketrans("0123456789", "〇壹二叁四伍六柒八玖")
BETWEEN = ["", " ", "-", ".", "—", "\u3000", "\u200b", " - ", "·", "_", "❤", "❤\ufe0f", "x", "★"]
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
WORDS = ["后山有罂粟,约7株", "我的号码:", "请联系", "李家沟3组", "面积2亩,", "call me"]


def digits_of(text: str) -> str:
    """Every digit of a text, read by an oracle of its own."""
    found = ""
    for c in text:
        if c in "零〇":
            found += "0"
        elif c in "一二三四五六七八九":
            found += str("一二三四五六七八九".index(c) + 1)
        elif c in "壹贰叁肆伍陆柒捌玖":
            found += str("壹贰叁肆伍陆柒捌玖".index(c) + 1)
        elif unicodedata.digit(c, -1) >= 0:
            found += str(unicodedata.digit(c))
    return found


@given(
    mobile=mobiles,
    cuts=st.sets(st.integers(1, 10)),
    between=st.sampled_from(BETWEEN),
    dress=st.sampled_from([None, FULL, CHINESE, FORMAL, MIXED]),
    prefix=st.sampled_from(["", "+86 ", "86", "0086-", "0"]),
    before=st.sampled_from(WORDS),
    after=st.sampled_from([*WORDS, ""]),
)
def test_no_mobile_survives_in_any_dress(
    mobile: str,
    cuts: set[int],
    between: str,
    dress: dict[int, str] | None,
    prefix: str,
    before: str,
    after: str,
) -> None:
    # A single dot inside could be a degree of longitude: people write two, or none.
    if between == "." and len(cuts) == 1:
        cuts = {3, 7}
    parts = "".join(between + c if at in cuts else c for at, c in enumerate(mobile))
    written = parts.translate(dress) if dress else parts
    after = f",{after}" if after[:1] in "一3" else after
    found = masked(f"{before} {prefix}{written},{after}")
    assert found.count >= 1
    assert mobile not in digits_of(found.text)
    assert mobile[-6:] not in digits_of(found.text.replace(MASK, "x"))


@given(
    mobile=mobiles,
    zeros=st.text("0Oo", min_size=11, max_size=11),
    ones=st.text("1lI|ㄧ", min_size=11, max_size=11),
    cuts=st.sets(st.integers(1, 10), max_size=3),
    between=st.sampled_from(["", " ", "-", "❤"]),
    after=st.sampled_from(["", ",谢谢", " 联系我", "。"]),
)
def test_letters_for_digits_hide_no_mobile(
    mobile: str, zeros: str, ones: str, cuts: set[int], between: str, after: str
) -> None:
    dressed = [{"0": zeros[at], "1": ones[at]}.get(digit, digit) for at, digit in enumerate(mobile)]
    written = "".join(between + c if at in cuts else c for at, c in enumerate(dressed))
    assert masked(f"电话:{written}{after}").text == f"电话:{MASK}{after}"


@given(
    word=st.sampled_from(["微信", "v信", "V 信", "v❤信", "薇信", "微❤️信", "薇❤", "加v", "加 薇"]),
    gap=st.sampled_from([":", ":", " ", "号:", " : "]),
    account=st.from_regex(r"[a-z][a-z0-9_]{5,15}", fullmatch=True),
)
def test_accounts_are_masked_whatever_leads_to_them(word: str, gap: str, account: str) -> None:
    assert masked(f"请{word}{gap}{account},谢谢").text == f"请{word}{gap}{MASK},谢谢"


@given(
    surname=st.sampled_from("张王李赵刘陈欧万"),
    given=st.text("三四明华伟芳建国", min_size=1, max_size=2),
    says=st.sampled_from(["我是", "我叫", "本人"]),
    group=st.integers(1, 40),
    door=st.integers(1, 500),
)
def test_who_i_am_and_where_i_live_goes(
    surname: str, given: str, says: str, group: int, door: int
) -> None:
    found = masked(f"{says}{surname}{given},住在{group}组{door}号,山后有罂粟{door}株")
    assert found.text == f"{says}{MASK},住在{MASK},山后有罂粟{door}株"


@given(
    province=st.sampled_from("京川陕甘粤"),
    letter=st.sampled_from("ABCDEFGHJK"),
    gap=st.sampled_from(["", "·", " ", "-"]),
    rest=st.from_regex(r"[0-9]{5}|[DF][0-9]{5}|[0-9]{3}[A-H]{2}", fullmatch=True),
    lower=st.booleans(),
)
def test_plates_are_masked(province: str, letter: str, gap: str, rest: str, lower: bool) -> None:
    plate = f"{province}{letter}{gap}{rest}"
    assert masked(f"车牌{plate.lower() if lower else plate}的").text == f"车牌{MASK}的"


@given(st.text(alphabet="0123456789 -.,Xx株亩〔〕已隐去微信qq@a:一三", max_size=60))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = masked(text)
    again = masked(once.text)
    assert again.text == once.text


@given(st.text(max_size=80))
def test_any_text_is_taken(text: str) -> None:
    found = masked(text)
    assert not re.search(r"1[3-9]\d{9}", found.text)


@given(
    plants=st.integers(1, 99_999),
    mu=st.floats(0.01, 999).map(lambda v: round(v, 2)),
    lon=st.floats(73.5, 135.0).map(lambda v: round(v, 6)),
    lat=st.floats(18.0, 53.5).map(lambda v: round(v, 6)),
    year=st.integers(1990, 2099),
    month=st.integers(1, 12),
    day=st.integers(1, 28),
    gap=st.sampled_from([",", " ", ", ", "、"]),
)
def test_the_ground_stays(
    plants: int, mu: float, lon: float, lat: float, year: int, month: int, day: int, gap: str
) -> None:
    for text in (
        f"约{plants}株,{mu}亩",
        f"{year}年{month}月{day}日看到 {plants} 株",
        f"{year}-{month:02d}-{day:02d} 08:30 约 {mu} 亩",
        f"{year}.{month:02d}.{day:02d}",
        f"坐标{lon}{gap}{lat}",
        f"东经{lon}度,北纬{lat}度,海拔{plants}米",
        f"{lat:.5f},{lon:.5f}",
        f"{lat:.5f}°N {lon:.5f}°E",
        f"{day}°{month}′{day}″N {day}°{month}′{day}″E,±{month}米",
        f"离公路{plants}米,再走{mu}公里,地块{day}x{month}米",
        f"他家住{month}组{day}号,屋后{plants}株★",
        f"{month}月{day}号看到3号地有{plants}株",
        f"我是村民,{day}号在{month}组看到{plants}株",
    ):
        assert masked(text) == masked("") or masked(text).text == text, text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("电话0912-3456789", f"电话{MASK}"),
        ("(029)8425 1234", f"({MASK}"),
        ("座机84251234", f"座机{MASK}"),
        ("身份证610102199003072711", f"身份证{MASK}"),
        ("身份证61010219900307271X", f"身份证{MASK}"),
        ("610102 19900307 271x", MASK),
        ("旧身份证610102900307271", f"旧身份证{MASK}"),
        ("卡号6222 0200 1234 5678 901", f"卡号{MASK}"),
        ("卡号6222020012345678901", f"卡号{MASK}"),
        ("邮箱 zhang.san+a@mail.example.cn。", f"邮箱 {MASK}。"),
        ("邮箱zhang＠qq．com", f"邮箱{MASK}"),
        ("微信号:zhang_san88", f"微信号:{MASK}"),
        ("加我微信 zhangsan", f"加我微信 {MASK}"),
        ("VX:abc12345 谢谢", f"VX:{MASK} 谢谢"),
        ("QQ是１２３４５６７", f"QQ是{MASK}"),
        ("我叫张三,住村口", f"我叫{MASK},住村口"),
        ("姓名:欧阳小明 电话13912345678", f"姓名:{MASK} 电话{MASK}"),
        ("My name is John Smith, call 13912345678", f"My name is {MASK}, call {MASK}"),
        ("+44 20 7946 0958", MASK),
        ("13912345678或13812345678", f"{MASK}或{MASK}"),
        ("l39l2345678", MASK),
        ("139,1234,5678", MASK),
        ("130.123456789012 34.5", "130.123456 34.5"),
        ("壹叁捌零零壹叁捌零零玖", MASK),
        ("138❤0013❤8022", MASK),
        ("138x0013x8017", MASK),
        ("ㄧ38OO138O2O", MASK),
        ("v❤信:zhangsan99", f"v❤信:{MASK}"),
        ("薇❤:zhangsan99", f"薇❤:{MASK}"),
        ("zhang[at]qq点com", MASK),
        ("zhang 【at】 qq (dot) com", MASK),
        ("zhang艾特163点com", MASK),
        ("我是张三,住在3组12号", f"我是{MASK},住在{MASK}"),
        ("我姓张,家住2栋3单元401室", f"我姓{MASK},家住{MASK}"),
        ("本人欧阳小明举报", f"本人{MASK}举报"),
        ("我住李家沟三组十二号", f"我住李家沟{MASK}"),
        ("川A12345", MASK),
    ],
)
def test_identity_in_its_shapes(text: str, left: str) -> None:
    assert masked(text).text == left


@pytest.mark.parametrize(
    "text",
    [
        "G310国道K1380+500处往北200米",
        "2019 2020 2021 2022 年都有",
        "第1组第3户屋后,种了2畦,每畦15株",
        "我叫他不要种,他不听",
        "见过两次,2026-05-14和2026-05-20",
        "海拔1350米,坡上13.5亩",
        "线索2027-00042附近",
        "用微信扫码看到的宣传",
        "1:10000地形图",
        "紫薇:1200株,蔷薇 350株",
        "我是李家沟的村民,本人于昨天看到",
        "云南G310国道旁,川陕G65高速以东",
        "大陆架上参差不齐,陆地六亩",
        "卫星sentinel2影像",
        "约138㎡,共1200株",
        "seen at 33.0512, 108.0512 at noon.They left",
    ],
)
def test_harmless_numbers_stay(text: str) -> None:
    assert masked(text).text == text
    assert masked(text).count == 0


def test_a_code_is_read_back_however_it_is_written() -> None:
    code = new_code()
    assert re.fullmatch(rf"([{ALPHABET}]{{5}}-){{3}}[{ALPHABET}]{{5}}", code)
    plain = normal_code(code)
    assert plain is not None
    assert shown_code(plain) == code
    for written in (code.lower(), f" {code.replace('-', ' ')} ", code.replace("-", "－")):
        assert normal_code(written) == plain
    assert len({new_code() for _ in range(500)}) == 500


@given(st.integers(0, 2**32), st.integers(0, 19), st.integers(0, 19), st.sampled_from(ALPHABET))
def test_the_check_letter_finds_slips(seed: int, at: int, other: int, letter: str) -> None:
    draw = random.Random(seed)
    while True:
        body = "".join(draw.choice(ALPHABET) for _ in range(19))
        whole = next((body + c for c in ALPHABET if normal_code(body + c)), None)
        if whole is not None:
            break
    assert sum(normal_code(body + c) is not None for c in ALPHABET) == 1
    wrong = whole[:at] + letter + whole[at + 1 :]
    assert (normal_code(wrong) is None) == (wrong != whole)
    swapped = list(whole)
    swapped[at], swapped[other] = swapped[other], swapped[at]
    assert (normal_code("".join(swapped)) is None) == ("".join(swapped) != whole)


@pytest.mark.parametrize("written", ["", "x", "A" * 20, "零" * 20, "A" * 10_000, "\x00" * 20])
def test_what_is_no_code_is_none(written: str) -> None:
    if normal_code(written) is not None:
        assert set(written) == {"A"}
    assert len(hash_of_code(written[:20])) == 64
