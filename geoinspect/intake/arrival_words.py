"""What goes wrong with an upload that arrives in pieces, in words."""

from __future__ import annotations

from geoinspect.errors import ConflictError, InputError, NotFoundError, TooLargeError, UsageError
from geoinspect.store.job_schema import IncomingRow


def empty() -> UsageError:
    """Return the error of a file without a byte."""
    return UsageError(
        "文件是空的(0 字节):请重新选择,或在应用中重新导出",
        "the file is empty (0 bytes): choose it again, or export it again in the app",
        code="empty",
    )


def too_many(number: int, most: int) -> ConflictError:
    """Return the error of too many unfinished uploads of one person."""
    return ConflictError(
        f"您有 {number} 个文件尚未传完,最多 {most} 个:请先等它们传完或取消一些",
        f"{number} of your files are under way, the limit is {most}: wait until they arrived, or "
        "cancel some",
        code="too_many_uploads",
    )


def too_much(length: int, most_gb: float) -> TooLargeError:
    """Return the error of too many announced bytes of one person."""
    return TooLargeError(
        f"您尚未传完的文件共 {length / 1e9:.1f} GB,加上这个超过 {most_gb:g} GB 的上限:"
        "请先等它们传完或取消一些",
        f"your files under way have {length / 1e9:.1f} GB, with this one they are beyond the "
        f"limit of {most_gb:g} GB: wait until they arrived, or cancel some",
        code="too_much_under_way",
    )


def beyond(length: int) -> TooLargeError:
    """Return the error of more bytes than were announced."""
    return TooLargeError(
        f"收到的字节超过了事先声明的 {length} 字节:请重新选择文件",
        f"more bytes came than the {length} that were announced: choose the file again",
        code="beyond_length",
    )


def already_received() -> ConflictError:
    """Return the error of cancelling what has a receipt."""
    return ConflictError(
        "文件已完整收到,不能再取消;回执仍然有效",
        "the file arrived whole and can't be cancelled; its receipt stands",
        code="already_received",
    )


def damaged() -> InputError:
    """Return the error of bytes that are not those that were announced."""
    return InputError(
        "收到的内容与声明的 sha256 不符,文件在途中受损:请重传",
        "what arrived does not match the announced sha256, the file was damaged on its way: send "
        "it again",
        code="checksum",
    )


def damaged_piece() -> InputError:
    """Return the error of a piece that is not what its checksum says."""
    return InputError(
        "这一段在途中受损,没有保存:请重传这一段",
        "this piece was damaged on its way and was not kept: send it again",
        code="checksum",
    )


def gone(row: IncomingRow) -> NotFoundError:
    """Return the error of an upload whose time is over."""
    return NotFoundError(
        f"文件“{row.name}”的上传中断太久,已过期:请重新选择文件上传",
        f"the upload of {row.name!r} rested for too long and expired: choose the file again",
        code="upload_gone",
    )


def wrong_offset(given: int, right: int) -> ConflictError:
    """Return the error of a piece that does not belong there."""
    return ConflictError(
        f"这一段从第 {given} 字节开始,但应从第 {right} 字节继续",
        f"this piece begins at byte {given}, the next one belongs at byte {right}",
        code="wrong_offset",
    )


def too_large(length: int, most_mb: float) -> TooLargeError:
    """Return the error of a file larger than such a file may be."""
    return TooLargeError(
        f"文件 {length / 1e6:.0f} MB,超过 {most_mb:g} MB 的上限:请压缩或拆分后再传",
        f"the file has {length / 1e6:.0f} MB, the limit is {most_mb:g} MB: make it smaller or "
        "send it in parts",
    )
