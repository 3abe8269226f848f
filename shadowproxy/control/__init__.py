"""The admin server: health, metrics, JSON API, a page, dials, reload. On nobody's path."""
