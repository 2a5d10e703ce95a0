"""Copies of a whole workspace that can be checked and made a workspace again."""
