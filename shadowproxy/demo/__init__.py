"""A small shop, its buggy successor, the proxy between them and steady traffic."""
