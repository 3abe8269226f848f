"""HTTP/1.1 without sockets: heads, framing and forwarding rules."""
