"""Sends the copies, measures both legs alike, pairs the answers; input and output only."""
