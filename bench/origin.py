"""The backends and their answer: nginx with one worker gives 812 bytes of JSON from memory."""

import json
import os
from pathlib import Path


def _body(price: float) -> bytes:
    document = {
        "id": 1,
        "name": "Ada Example",
        "email": "ada@example.org",
        "price": price,
        "tags": ["alpha", "beta", "gamma", "delta"],
        "address": {"street": "1 Long Street", "city": "Exampleton", "zip": "12345"},
        "orders": [
            {"id": 1000 + i, "total": 10.5 * (i + 1), "state": "shipped", "items": i + 1}
            for i in range(9)
        ],
    }
    bare = len(json.dumps(document | {"note": ""}, separators=(",", ":")))
    return json.dumps(document | {"note": "n" * (812 - bare)}, separators=(",", ":")).encode()


BODY = _body(9.5)
"""812 bytes, as in the measurements that the design rests on."""
DIFFERING_BODY = _body(9.6)
"""Equal but for one number: every pair has to be decoded and compared."""
assert len(BODY) == len(DIFFERING_BODY) == 812


def nginx_common(folder: Path) -> str:
    """What every nginx of the bench has in common: one worker, no log, its files in `folder`."""
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "\n".join(
        f"  {name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""daemon off; {user} worker_processes 1; pid {folder}/nginx.pid;
error_log {folder}/error.log crit; worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 1000000000; tcp_nodelay on; server_tokens off;
{temporary}
"""


def nginx_origin(folder: Path, port: int, body: bytes) -> str:
    """The configuration of a backend; `/_count` is its own request counter."""
    return f"""{nginx_common(folder)}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /_count {{ stub_status; }}
    location / {{ default_type application/json; return 200 '{body.decode()}'; }}
  }}
}}
"""
