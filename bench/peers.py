"""Configurations of the proxies that are measured beside ours: one worker each, no logs."""

import json
from pathlib import Path

from bench.origin import nginx_common


def nginx(folder: Path, port: int, legacy: int, candidate: int | None) -> str:
    """A plain `proxy_pass` of nginx, with a `mirror` when there is a candidate."""
    mirror, location, upstream = "", "", ""
    if candidate is not None:
        mirror = "mirror /_mirror; mirror_request_body on;"
        location = """location = /_mirror {
      internal; proxy_pass http://candidate$request_uri;
    }"""
        upstream = _nginx_upstream("candidate", candidate)
    return f"""{nginx_common(folder)}
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
  proxy_next_upstream off;
  {_nginx_upstream("legacy", legacy)}
  {upstream}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ {mirror} proxy_pass http://legacy; }}
    {location}
  }}
}}
"""


def _nginx_upstream(name: str, port: int) -> str:
    return (
        f"upstream {name} {{ server 127.0.0.1:{port} max_fails=0; keepalive 256;"
        " keepalive_requests 1000000000; }"
    )


def haproxy(port: int, legacy: int) -> str:
    """HAProxy with one thread and shared keep-alive connections; it cannot mirror by itself."""
    return f"""global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  http-reuse always
frontend users
  bind 127.0.0.1:{port} backlog 4096
  default_backend legacy
backend legacy
  server legacy 127.0.0.1:{legacy} pool-max-conn 1024
"""


def envoy(port: int, legacy: int, candidate: int | None) -> str:
    """Envoy's static configuration, as JSON, with `request_mirror_policies` for a candidate."""
    route: dict[str, object] = {"cluster": "legacy", "timeout": "60s"}
    clusters = [_envoy_cluster("legacy", legacy)]
    if candidate is not None:
        route["request_mirror_policies"] = [{"cluster": "candidate"}]
        clusters.append(_envoy_cluster("candidate", candidate))
    manager = {
        "@type": _type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "users",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": route}],
                }
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": _type("filters.http.router.v3.Router")},
            }
        ],
    }
    listener = {
        "name": "users",
        "address": _envoy_address(port),
        "tcp_backlog_size": 4096,
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": manager,
                    }
                ]
            }
        ],
    }
    return json.dumps({"static_resources": {"listeners": [listener], "clusters": clusters}})


def _type(name: str) -> str:
    return f"type.googleapis.com/envoy.extensions.{name}"


def _envoy_address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _envoy_cluster(name: str, port: int) -> dict[str, object]:
    """Breakers as wide as ours are for users, so that Envoy's defaults of 1,024 hold nobody up."""
    endpoint = {"endpoint": {"address": _envoy_address(port)}}
    wide = {"max_connections": 10_000, "max_pending_requests": 10_000, "max_requests": 10_000}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
        "circuit_breakers": {"thresholds": [wide]},
    }
