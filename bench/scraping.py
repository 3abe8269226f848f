"""What running programs are asked over HTTP: our admin server, nginx's own counter."""

import http.client
import json
import re
from dataclasses import dataclass

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def get(port: int, path: str, method: str = "GET", body: str = "") -> tuple[int, str]:
    """One request to a server on loopback; raises OSError when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


def is_ready(admin: int) -> bool:
    """Our proxy says that it serves."""
    try:
        return get(admin, "/readyz")[0] == 200
    except OSError:
        return False


def turn_shadow(admin: int, value: str) -> None:
    """Turns our kill switch `on` or `off`; returns when control has done it."""
    body = json.dumps({"value": value, "reason": "bench"})
    status, answer = get(admin, "/api/v1/dials/shadow", "PUT", body)
    if status >= 300:
        raise RuntimeError(f"the dial could not be turned: {status} {answer}")


@dataclass(frozen=True, slots=True)
class Fates:
    """How exchanges ended, by `state/reason` or `recorded/verdict`."""

    counts: dict[str, int]

    def since(self, before: "Fates") -> "Fates":
        """What was added."""
        return Fates(
            {
                key: count - before.counts.get(key, 0)
                for key, count in self.counts.items()
                if count != before.counts.get(key, 0)
            }
        )

    def shares(self) -> dict[str, float]:
        """Each fate's share of all."""
        total = sum(self.counts.values())
        return {key: count / total for key, count in self.counts.items()} if total else {}


def fates(admin: int) -> Fates:
    """Reads them from our `/metrics`."""
    counts: dict[str, int] = {}
    for name, labels, value in samples(get(admin, "/metrics")[1]):
        key = ""
        if name == "shadowproxy_exchanges_total" and labels["state"] != "recorded":
            key = f"{labels['state']}/{labels['reason']}"
        elif name == "shadowproxy_verdicts_total":
            key = f"recorded/{labels['verdict']}"
        if key:
            counts[key] = counts.get(key, 0) + int(float(value))
    return Fates(counts)


def samples(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Name, labels and value of each line of a Prometheus exposition."""
    return [
        (name, dict(_LABEL.findall(labels or "")), value)
        for name, labels, value in _SAMPLE.findall(text)
    ]


def nginx_requests(port: int) -> int:
    """How many requests a backend has seen, by its own count (`stub_status`)."""
    numbers = re.search(r"(\d+) (\d+) (\d+)", get(port, "/_count")[1])
    return int(numbers[3]) if numbers else 0
