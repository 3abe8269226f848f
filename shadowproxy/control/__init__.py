"""Serves people and machines: admin API, metrics, dials and reload."""
