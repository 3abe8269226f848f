"""HTTP/1.1 without sockets: heads, framing, forwarding rules (RFC 9110, RFC 9112)."""
