"""Connections to a backend: the pool, one connection, one call. Used by edge and by shadow."""
