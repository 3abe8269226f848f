"""Turns bodies into trees of plain values, under bounds; pure."""
