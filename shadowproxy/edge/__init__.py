"""The users' path: downstream connections, relaying, capture, hand-over. Nothing else lives here."""
