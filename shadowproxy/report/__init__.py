"""The report's store and what is read from it; the only door to a database."""
