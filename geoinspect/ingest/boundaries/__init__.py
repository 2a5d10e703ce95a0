"""Readers of boundary files, one a format. None of them ever opens a second file."""
