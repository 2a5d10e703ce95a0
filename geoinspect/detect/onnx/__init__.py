"""Somebody's own detector or segmenter as an ONNX file, run over a raster of any size.

The model says what it was trained for in a small manifest (:mod:`manifest`); a raster is brought to
its ground sampling distance and read in windows with a halo that is thrown away, and what it says
is kept for each block of ground, so that patches are put together on the ground, not per window.
"""

from __future__ import annotations
