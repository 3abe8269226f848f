"""The Kubernetes example, as far as it can be judged without a cluster."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shadowproxy.config.loading import load
from shadowproxy.core.settings import Settings

FILE = Path(__file__).parents[2] / "deploy" / "kubernetes" / "shadowproxy.yaml"

Document = dict[str, Any]


def _documents() -> dict[str, Document]:
    documents = list(yaml.safe_load_all(FILE.read_text()))
    by_kind = {document["kind"]: document for document in documents}
    assert len(by_kind) == len(documents)
    return by_kind


def _pod() -> Document:
    spec: Document = _documents()["Deployment"]["spec"]["template"]["spec"]
    return spec


def _containers() -> dict[str, Document]:
    return {container["name"]: container for container in _pod()["containers"]}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The ConfigMap's file, loaded as the proxy in the pod would load it."""
    (name, text), *others = _documents()["ConfigMap"]["data"].items()
    assert not others
    file = tmp_path / name
    file.write_text(text)
    loaded = load(str(file), environ={"ADMIN_TOKEN": "x" * 32})
    assert [each for each in loaded.warnings if "report.store" not in each] == []  # a volume's path
    return loaded.settings


def test_the_configuration_is_accepted(settings: Settings) -> None:
    """The file in the ConfigMap loads without a warning and listens where the pod says."""
    ports = {port["name"]: port["containerPort"] for port in _containers()["shadowproxy"]["ports"]}
    assert ports == {"http": settings.listen[0].port, "admin": settings.admin.listen.port}
    assert settings.admin.token == "x" * 32


def test_legacy_is_the_container_next_door(settings: Settings) -> None:
    """Legacy is the other container's port on the pod's loopback."""
    (port,) = _containers()["shop"]["ports"]
    assert (settings.legacy.host, settings.legacy.port) == ("127.0.0.1", port["containerPort"])


def test_draining_fits_into_the_grace_period(settings: Settings) -> None:
    """Delay and timeout of the drain end first, then legacy, then the grace period."""
    drain_s = settings.limits.drain_delay_s + settings.limits.drain_timeout_s
    legacy_s = int(_containers()["shop"]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert drain_s < legacy_s < _pod()["terminationGracePeriodSeconds"]


def test_captures_fit_into_the_memory_limit(settings: Settings) -> None:
    """160 MiB for idle processes and all captures together are below the limit."""
    limit = _containers()["shadowproxy"]["resources"]["limits"]["memory"]
    assert limit.endswith("Mi")
    captures_mib = settings.shadow.max_memory_bytes >> 20
    assert 160 + captures_mib < int(limit.removesuffix("Mi"))


def test_probes_ask_the_admin_server() -> None:
    """Readiness and liveness are asked apart, of the admin port."""
    container = _containers()["shadowproxy"]
    probes = {name: container[f"{name}Probe"]["httpGet"] for name in ("readiness", "liveness")}
    assert probes["readiness"] == {"path": "/readyz", "port": "admin"}
    assert probes["liveness"] == {"path": "/livez", "port": "admin"}


def test_what_is_read_only_leaves_a_place_for_the_runtime_folder() -> None:
    """The root is read-only; the one place to write is in memory and has a size."""
    container = _containers()["shadowproxy"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["runAsNonRoot"] is True
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in _pod()["volumes"]}
    environment = {each["name"]: each.get("value") for each in container["env"]}
    runtime = volumes[mounts[environment["TMPDIR"]]]["emptyDir"]
    assert runtime["medium"] == "Memory"
    assert volumes[mounts["/etc/shadowproxy"]]["configMap"]["name"] == "shadowproxy"


def test_the_service_leads_to_the_proxy() -> None:
    """Users go to the proxy's port, never past it."""
    service = _documents()["Service"]["spec"]
    (port,) = service["ports"]
    assert port["targetPort"] == "http"
    labels = _documents()["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
