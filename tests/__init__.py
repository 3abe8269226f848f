"""Tests, a mirror of the tree: laws first, then examples, on real sockets."""
