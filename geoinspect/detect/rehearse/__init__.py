"""Rehearsal: simulated patches on a copy of a picture, to measure what a detector finds there.

Nothing here is a record of a real plant. How opium poppy looks from above (glaucous lobed leaves,
rows, petals) is assumed from botany, see the reference on detection, §D.1; patches are drawn so
that their colours overlap with those of the picture's own vegetation. Written apart from
``detect.simulate``, which makes the examples that models learn from.
"""

from geoinspect.detect.rehearse.painting import rehearse

__all__ = ["rehearse"]
