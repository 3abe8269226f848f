"""Turns differences into findings that a person reads: endpoints, groups, causes, reproducers; pure."""
