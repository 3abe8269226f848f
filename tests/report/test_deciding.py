"""What people decide, and its line in the audit."""

from datetime import UTC, datetime

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
