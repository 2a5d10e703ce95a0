"""What picture files carry beside their pixels, which are never decoded here.

``jpeg`` and ``heif`` find the EXIF and XMP blocks of a file, ``exif`` and ``xmp`` read them. All
of it is our own: memory stays bounded whatever the bytes say (docs/decisions/0012).
"""

from __future__ import annotations

from dataclasses import dataclass

# Real blocks hold some 60 KB; XMP with an embedded depth map is not for us.
MAX_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Embedded:
    """The blocks of a picture file.

    Attributes:
        format: ``jpeg`` or ``heic``.
        exif: A TIFF structure; None without one.
        xmp: An XML packet; None without one.
        width_px, height_px: As stored, before any orientation; None where the file does not say.
        damaged: The file breaks off or contradicts itself before its blocks were all found.
    """

    format: str
    exif: bytes | None
    xmp: bytes | None
    width_px: int | None = None
    height_px: int | None = None
    damaged: bool = False
