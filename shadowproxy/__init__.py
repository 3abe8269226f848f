"""A reverse proxy that shadows production traffic to a candidate and compares the answers."""

__version__ = "0.1.0"
