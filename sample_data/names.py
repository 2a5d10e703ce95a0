"""Made-up names. The county's code is one that no place in China has."""

from __future__ import annotations

COUNTY = "云岭县(模拟)"
COUNTY_CODE = "629901"

_TOWNSHIPS = (
    ("青石镇", True),
    ("双河乡", False),
    ("云门镇", True),
    ("白崖乡", False),
    ("松坪镇", True),
    ("柳湾乡", False),
    ("石峡镇", True),
    ("高台乡", False),
)
_FIRST = ("上", "下", "王家", "李家", "张家", "大", "小", "后", "前", "赵家", "杨", "柏树", "核桃")
_SECOND = ("坪", "湾", "沟", "岭", "寨", "坝", "梁", "坡", "峪", "川", "台")


def township(index: int) -> tuple[str, bool]:
    """Return the name of a township and whether it is a town (镇) rather than a 乡."""
    return _TOWNSHIPS[index % len(_TOWNSHIPS)]


def village(index: int) -> str:
    """Return the name of a village; names repeat only after 143 of them."""
    return f"{_FIRST[index % len(_FIRST)]}{_SECOND[index % len(_SECOND)]}村"
