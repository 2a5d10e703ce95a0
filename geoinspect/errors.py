"""What can go wrong, in words for the person who has to mend it.

    GeoInspectError            anything we say ourselves; ``exit_status`` for the command line
    ├── UsageError             the call is wrong: a name, a number, an option              (2)
    ├── InputError             a file or value that came in can't be used                  (3)
    │   ├── TrackError         not a track, or nothing usable in it
    │   ├── RasterError        not a raster we can read and place
    │   ├── AreaError          not areas, or areas that contradict each other
    │   └── TooLargeError      beyond a stated limit, refused before it is read
    ├── NotFoundError          asked for by a name or number that isn't there              (2)
    ├── ConflictError          not as things stand now: somebody else was faster           (3)
    ├── ForbiddenError         not for this person                                         (3)
    └── StoreError             the workspace can't be opened, written or trusted           (3)

Every message is a :class:`Text`: Chinese first, English beside it. It says what is wrong,
which value, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the Chinese text for any ``zh`` tag, else the English one."""
        return self.zh if language.lower().startswith("zh") else self.en

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


class GeoInspectError(Exception):
    """Base of every error that geoinspect raises on purpose.

    Args:
        zh: What is wrong, which value, what to do, in Chinese.
        en: The same in English.
        code: A short stable name for programs, such as ``no_crs``.
    """

    exit_status: ClassVar[int] = 3
    default_code: ClassVar[str] = "error"

    def __init__(self, zh: str, en: str, *, code: str | None = None) -> None:
        super().__init__(f"{zh} / {en}")
        self.text = Text(zh, en)
        self.code = code or self.default_code

    def __reduce__(self) -> tuple[Any, ...]:
        """Let an error come back whole from another process."""
        made = partial(type(self), code=self.code)
        return made, (self.text.zh, self.text.en), self.__dict__


class UsageError(GeoInspectError):
    """The call itself is wrong."""

    exit_status = 2
    default_code = "usage"


class NotFoundError(GeoInspectError):
    """Something was asked for by a name or number that does not exist."""

    exit_status = 2
    default_code = "not_found"


class ConflictError(GeoInspectError):
    """What was asked does not go with how things stand now."""

    default_code = "conflict"


class ForbiddenError(GeoInspectError):
    """This person may not do it."""

    default_code = "forbidden"


class InputError(GeoInspectError):
    """A file or value from outside can't be used."""

    default_code = "bad_input"


class TrackError(InputError):
    """A file holds no usable track."""

    default_code = "bad_track"


class RasterError(InputError):
    """A file is not a raster we can read and place on the ground."""

    default_code = "bad_raster"


class AreaError(InputError):
    """Areas or zones can't be read or contradict each other."""

    default_code = "bad_area"


class TooLargeError(InputError):
    """An input is beyond a stated limit and was refused before it was read."""

    default_code = "too_large"


class StoreError(GeoInspectError):
    """The workspace can't be opened, written or trusted."""

    default_code = "store"
