"""nginx as a web server: static files, compression, ranges, redirects, uploads."""

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.certificates import Certificate
from tests.peers.programs import find_program, free_port, running

LARGE_BYTES = 3 << 20
FILE_TIME_S = 1_700_000_000

_CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type application/octet-stream;
    types {{ text/plain txt; application/json json; text/html html; }}
    gzip on;
    gzip_types application/json;
    gzip_min_length 100;
    server {{
        listen 127.0.0.1:{port}{tls};
        listen unix:{folder}/nginx.sock;
        root {folder}/www;
        port_in_redirect off;  # two servers on two ports redirect alike
        location /closing/ {{ alias {folder}/www/; keepalive_timeout 0; }}
        location = /moved {{ return 301 /elsewhere?a=b; }}
        location = /empty {{ return 204; }}
        location = /teapot {{ return 418 "short and stout"; }}
        location = /fields {{
            add_header Set-Cookie "a=1; Path=/";
            add_header Set-Cookie "b=2, really; HttpOnly";
            add_header X-Odd-CASE "  spaced  out  ";
            add_header Warning '199 - "quoted, with comma"';
            return 200 "fields";
        }}
        location = /proto {{ return 200 "$http_x_forwarded_proto"; }}
        location = /asked {{ return 200 "$request_method|$http_x_one|$http_cookie|$request_uri"; }}
        location /kept/ {{
            root {folder}/uploads;
            dav_methods PUT DELETE;
            create_full_put_path on;
            client_max_body_size 16m;
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running nginx; `www` holds what it serves, `uploads` what it was sent."""

    port: int
    unix: Path
    www: Path
    uploads: Path


def _write_files(www: Path) -> None:
    draw = random.Random(5)
    (www / "folder").mkdir(parents=True)
    files = {
        "plain.txt": b"".join(b"line %d\n" % number for number in range(200)),
        "large.bin": draw.randbytes(LARGE_BYTES),
        "zero.txt": b"",
        "items.json": json.dumps([{"id": number, "name": "pan"} for number in range(500)]).encode(),
        "folder/index.html": b"<!doctype html><title>In a folder</title>",
    }
    for name, content in files.items():
        (www / name).write_bytes(content)
        os.utime(www / name, (FILE_TIME_S, FILE_TIME_S))


@contextmanager
def nginx_serving(folder: Path, certificate: Certificate | None = None) -> Iterator[Nginx]:
    """Runs nginx with everything it writes under `folder`; with a certificate its port has TLS.

    It listens on a Unix socket too, without TLS.
    """
    program = find_program("nginx")
    port = free_port()
    _write_files(folder / "www")
    (folder / "uploads" / "kept").mkdir(parents=True)
    file = folder / "nginx.conf"
    tls = ""
    if certificate:
        tls = f" ssl; ssl_certificate {certificate.cert}; ssl_certificate_key {certificate.key}"
    file.write_text(_CONFIGURATION.format(folder=folder, port=port, tls=tls))
    command = [program, "-p", str(folder), "-c", str(file), "-e", "stderr"]
    with running(command, folder, [port], "nginx"):
        yield Nginx(port, folder / "nginx.sock", folder / "www", folder / "uploads")
