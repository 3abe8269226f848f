"""Connections to a backend: the pool and the calls on it, for edge and shadow alike."""
