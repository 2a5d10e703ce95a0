"""Marking suspected ground on drone rasters: label-free, ranked, with reasons."""
