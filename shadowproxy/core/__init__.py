"""Values and decisions. Pure: no clock, no randomness, no I/O, no logging, no await."""
