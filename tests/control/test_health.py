"""Health: alive, ready, and nothing that the candidate could change about it."""

import socket

import pytest

from tests.control.running import controlling
from tests.support.waiting import until


async def test_a_control_that_answers_is_alive() -> None:
    """/livez says so, whatever the others do."""
    async with controlling() as control:
        assert (await control.get("/livez")).status == 200


async def test_ready_while_an_edge_beats() -> None:
    """One of two edges is enough."""
    async with controlling() as control:
        control.others["edge-1"].tallies.set("heartbeat_ms", 0)
        assert (await control.get("/readyz")).status == 200


async def test_not_ready_without_an_edge() -> None:
    """Old beats do not count; the answer says why."""
    async with controlling() as control:
        for name in ("edge-0", "edge-1"):
            control.others[name].tallies.set("heartbeat_ms", 1)
        answer = await control.get("/readyz")
        assert answer.status == 503
        assert answer.json["detail"] == "no edge serves"


async def test_not_ready_while_draining() -> None:
    """So that load balancers look away before the edges stop."""
    async with controlling() as control:
        control.process.dials.start_draining()
        answer = await control.get("/readyz")
        assert answer.status == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json["detail"] == "draining"
        assert (await control.get("/livez")).status == 200


async def test_ready_without_shadow_and_judge() -> None:
    """What serves the candidate's side may be down and its breaker open."""
    async with controlling() as control:
        for name in ("shadow", "judge"):
            control.others[name].tallies.set("heartbeat_ms", 0)
        control.others["shadow"].tallies.set("breaker_open", 1)
        assert (await control.get("/readyz")).status == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_probes_may_use_any_name(path: str) -> None:
    """A kubelet asks by the pod's address, and needs no token."""
    async with controlling() as control:
        answer = await control.get(path, headers={"Host": "10.1.2.3:9900"})
        assert answer.status == 200


async def test_control_beats_on_its_page_and_on_the_dials() -> None:
    """Both hearts: the supervisor reads one, whoever depends on control the other."""
    async with controlling() as control:
        first = control.process.tallies.get("heartbeat_ms")
        await until(
            lambda: (
                control.process.tallies.get("heartbeat_ms") > first
                and control.process.dials.words[4] > first
            ),
            "control beats",
        )


async def test_the_admin_server_listens_on_a_unix_path_too() -> None:
    """Who may open the file may change dials."""
    async with controlling(family=socket.AF_UNIX) as control:
        assert (await control.get("/readyz")).status == 200
        answer = await control.ask("PUT", "/api/v1/dials/shadow", json={"value": "off"})
        assert answer.status == 200
