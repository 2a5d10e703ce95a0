"""Names that people give to things."""

from __future__ import annotations

from geoinspect.errors import UsageError

_LONGEST = 200


def checked_name(name: str, zh: str, en: str) -> str:
    """Return a name that can stand in a list, a log line and a form.

    Args:
        name: As given.
        zh: What it is the name of, in Chinese.
        en: The same in English.

    Raises:
        UsageError: It is empty, too long, or holds line breaks or other control characters.
    """
    if not name.strip() or len(name) > _LONGEST or not name.isprintable():
        raise UsageError(
            f"{zh} {name[:40]!r} 不可用:不能为空、超过 {_LONGEST} 字或含换行等控制字符",
            f"the {en} {name[:40]!r} can't be used: it must not be empty, longer than {_LONGEST} "
            "characters, or hold line breaks",
            code="bad_name",
        )
    return name
