"""Decides what of a value may leave the judge; pure."""
