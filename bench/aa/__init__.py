"""Legacy against a copy of itself: a proxy that is to be believed has nothing to report."""
