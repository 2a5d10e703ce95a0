"""Raster tiles: coverage drawn by us, drone pictures, and a local base map."""
