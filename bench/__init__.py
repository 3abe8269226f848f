"""What shadowproxy costs, measured beside others in one run; README.md says how to read it."""
