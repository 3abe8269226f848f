"""The processes: the supervisor that keeps them running, and the entry point of each of them."""
