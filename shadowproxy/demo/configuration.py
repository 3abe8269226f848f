"""The configuration file of the demo's proxy: one that a user could have written."""

from dataclasses import dataclass
from pathlib import Path

_TEXT = """\
# Written by `shadowproxy demo`.
listen: {listen}
admin: {{listen: {admin}}}
legacy: {{url: "http://127.0.0.1:{legacy_port}"}}
candidate: {{url: "http://127.0.0.1:{candidate_port}"}}
shadow: {{sample: 100%}}
noise: {{sample: 25%}}  # the usual 2 % would take minutes to learn from so little traffic
compare: {{latency: {{block: 1s}}}}  # the usual 10 s would take two minutes to claim anything
routes:
  - {{name: page, path: /}}
  - {{name: list, path: /items}}
  - {{name: detail, path: "/items/{{id}}"}}
  - {{name: search, path: /search}}
  - {{name: cart, path: /cart}}
  - {{name: quote, path: /quote, methods: [POST], shadow_methods: [POST], reason: computes only}}
  - {{name: catalogue, path: /catalogue.json}}
  - {{name: export, path: /export.csv}}
  - {{name: health, path: /health, shadow: never}}
report: {{store: "sqlite:///{store}"}}
guard: {{budget: 50ms}}  # users, backends and proxy share these cores
limits: {{drain_delay: 100ms, drain_timeout: 5s}}
log: {{format: json}}
"""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everybody listens, on loopback."""

    listen: str
    admin: str
    legacy_port: int
    candidate_port: int


def write_configuration(addresses: Addresses, store: Path) -> str:
    """The file's text; the report is kept in the file `store`."""
    return _TEXT.format(
        store=store,
        listen=addresses.listen,
        admin=addresses.admin,
        legacy_port=addresses.legacy_port,
        candidate_port=addresses.candidate_port,
    )
