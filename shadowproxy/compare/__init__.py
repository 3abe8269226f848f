"""Decides what differs between two answers; pure."""
