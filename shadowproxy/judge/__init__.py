"""Turns pairs into verdicts, findings and log lines; the only place where CPU is spent freely."""
