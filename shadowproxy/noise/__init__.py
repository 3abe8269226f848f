"""Learns from legacy against itself what its disagreements with the candidate are worth; pure."""
