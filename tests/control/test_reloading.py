"""Reload: by content, signal or call; taken whole or not at all."""

import json
from dataclasses import replace
from pathlib import Path

from shadowproxy.core.settings import ListenSettings
from shadowproxy.ipc.process import Process, read_settings
from tests.control.running import CONFIG, SETTINGS, Control, controlling
from tests.support.waiting import alongside, until

SAMPLED = CONFIG + "shadow: {sample: 5%}\n"
BROKEN = CONFIG + "shadow: {sampel: 5%}\nworkers: many\n"


def write(control: Control, config: str) -> None:
    (control.folder / "shadowproxy.yaml").write_text(config)


async def test_a_changed_file_is_loaded() -> None:
    """Within two seconds, without being asked."""
    async with controlling(config=CONFIG) as control, alongside(control.follow()):
        write(control, SAMPLED)
        await until(lambda: control.others["edge-0"].settings.shadow.sample == 0.05, "loaded")
        assert read_settings(control.folder).generation == 2
        (event,) = await until(lambda: control.events("config_reloaded"), "said")
        assert (event["source"], event["generation"]) == ("file", 2)


async def test_a_change_between_the_start_and_the_first_look_is_found(tmp_path: Path) -> None:
    """What counts is what the command line had loaded."""
    async with controlling(folder=tmp_path, config=CONFIG):
        pass
    (tmp_path / "reload.json").unlink()
    (tmp_path / "shadowproxy.yaml").write_text(SAMPLED)
    async with controlling(folder=tmp_path) as control, alongside(control.follow()):
        await until(lambda: control.process.settings.shadow.sample == 0.05, "loaded")


async def test_the_same_content_written_again_is_no_change() -> None:
    """Modification times lie."""
    async with controlling(config=CONFIG) as control, alongside(control.follow()):
        write(control, CONFIG)
        write(control, SAMPLED)
        await until(lambda: control.process.settings.generation == 2, "loaded")
        assert len(control.events("config_reloaded")) <= 1


async def test_a_call_answers_when_every_process_has_it() -> None:
    """The answer names the generation and nobody is late."""
    async with controlling(config=CONFIG) as control, alongside(control.follow()):
        write(control, SAMPLED)
        answer = await control.ask("POST", "/api/v1/reload")
        assert answer.status == 200
        assert answer.json["generation"] == 2
        assert answer.json["late"] == []
        assert all(other.settings.shadow.sample == 0.05 for other in control.others.values())


async def test_a_process_that_does_not_follow_is_named() -> None:
    """The answer comes after two seconds at the latest."""
    async with controlling(config=CONFIG) as control:
        answer = await control.ask("POST", "/api/v1/reload")
        assert answer.json["late"] == ["edge-0", "edge-1", "shadow", "judge"]


async def test_a_hangup_reloads() -> None:
    """SIGHUP sets the event."""
    async with controlling(config=CONFIG) as control, alongside(control.follow()):
        control.reload.set()
        (event,) = await until(lambda: control.events("config_reloaded"), "reloaded")
        assert event["source"] == "signal"


async def test_a_bad_file_changes_nothing_and_says_so() -> None:
    """In the answer, the log, the status and a metric, with every mistake and its line."""
    async with controlling(config=CONFIG) as control:
        before = (control.folder / "settings.json").read_bytes()
        sequence = control.process.dials.sequence
        write(control, BROKEN)
        answer = await control.ask("POST", "/api/v1/reload")
        assert answer.status == 422
        problems = answer.json["problems"]
        assert len(problems) == 2
        assert all("shadowproxy.yaml:" in problem for problem in problems)
        assert "sample" in problems[0]
        assert (control.folder / "settings.json").read_bytes() == before
        assert control.process.dials.sequence == sequence
        (event,) = control.events("config_rejected")
        assert event["problems"] == problems
        status = (await control.get("/api/v1/status")).json
        assert status["config"]["generation"] == 1
        assert status["config"]["last_reload"]["ok"] is False
        metrics = (await control.get("/metrics")).text
        assert "shadowproxy_config_last_reload_successful 0.0" in metrics


async def test_a_bad_file_is_reported_once_and_a_good_one_heals() -> None:
    """Not once a second."""
    async with controlling(config=CONFIG) as control, alongside(control.follow()):
        write(control, BROKEN)
        await until(lambda: control.events("config_rejected"), "rejected")
        write(control, SAMPLED)
        await until(lambda: control.process.settings.generation == 2, "healed")
        await until(lambda: control.events("config_reloaded"), "every process has it")
        assert len(control.events("config_rejected")) == 1
        metrics = (await control.get("/metrics")).text
        assert "shadowproxy_config_last_reload_successful 1.0" in metrics


async def test_what_needs_a_restart_is_reported_and_not_half_applied() -> None:
    """The running value stays, everything else of the file is taken."""
    async with controlling(config=CONFIG) as control, alongside(control.follow()):
        moved = SAMPLED.replace(":8080", ":8081").replace("workers: 2", "workers: 3")
        write(control, moved)
        answer = await control.ask("POST", "/api/v1/reload")
        assert answer.json["restart_needed"] == ["listen", "workers"]
        running = read_settings(control.folder)
        assert running.listen == (ListenSettings("127.0.0.1", 8080),)
        assert running.workers == 2
        assert running.shadow.sample == 0.05
        status = (await control.get("/api/v1/status")).json
        assert status["config"]["restart_needed"] == ["listen", "workers"]


async def test_a_file_that_is_gone_is_a_bad_file() -> None:
    """What runs goes on."""
    async with controlling(config=CONFIG) as control:
        (control.folder / "shadowproxy.yaml").unlink()
        answer = await control.ask("POST", "/api/v1/reload")
        assert answer.status == 422
        assert "cannot read the file" in answer.json["problems"][0]


async def test_dials_outlive_a_reload() -> None:
    """A turned dial stays turned; one that is not follows the file."""
    async with controlling(config=CONFIG) as control, alongside(control.follow()):
        await control.ask("PUT", "/api/v1/dials/shadow.sample", json={"value": "1%"})
        write(control, CONFIG + "shadow: {enabled: false}\n")
        await control.ask("POST", "/api/v1/reload")
        assert control.process.dials.sample_override == 0.01
        assert not control.process.dials.shadow_on


async def test_a_restarted_control_remembers_what_it_has_loaded(tmp_path: Path) -> None:
    """A change that came while it was down is found; the last outcome is still told."""
    async with controlling(folder=tmp_path, config=CONFIG) as control:
        write(control, BROKEN)
        await control.ask("POST", "/api/v1/reload")
    async with controlling(folder=tmp_path) as control:
        status = (await control.get("/api/v1/status")).json
        assert status["config"]["last_reload"]["ok"] is False
        assert len(status["config"]["last_reload"]["problems"]) == 2
        assert control.events("config_rejected") == []
    (tmp_path / "shadowproxy.yaml").write_text(SAMPLED)
    async with controlling(folder=tmp_path) as control, alongside(control.follow()):
        await until(lambda: control.process.settings.shadow.sample == 0.05, "loaded")


async def test_without_a_file_a_reload_repeats_the_flags(tmp_path: Path) -> None:
    """Nothing to poll; asked for, the same values are in force again."""
    (tmp_path / "run.json").write_text(
        json.dumps(
            {
                "config_path": None,
                "overrides": ["workers=2"],
                "flags": {"--legacy": "http://127.0.0.1:9001"},
            }
        )
    )
    async with controlling(folder=tmp_path) as control, alongside(control.follow()):
        answer = await control.ask("POST", "/api/v1/reload")
        assert answer.status == 200, answer.text
        assert control.process.settings.legacy.port == 9001
        assert control.process.settings.candidate is None


async def test_a_reload_loses_no_count() -> None:
    """Slots stay with their routes."""
    routed = replace(SETTINGS, routes=SETTINGS.routes)
    async with controlling(routed, config=CONFIG) as control, alongside(control.follow()):
        write(
            control,
            CONFIG + "routes:\n- {name: user, path: '/users/{id}'}\n- {name: new, path: /new}\n",
        )
        await control.ask("POST", "/api/v1/reload")
        slots = {route.name: route.slot for route in control.process.settings.routes}
        assert slots == {"user": 2, "new": 3}
        assert control.process.settings.retired_routes == (("search", 1),)


async def test_control_answers_while_it_loads(tmp_path: Path) -> None:
    """Parsing runs in a thread: health is answered meanwhile, and the heart beats."""
    many = "".join(f"- {{name: r{n}, path: '/r{n}/{{id}}'}}\n" for n in range(200))
    async with controlling(folder=tmp_path, config=CONFIG) as control, alongside(control.follow()):
        write(control, f"{CONFIG}routes:\n{many}")

        async def reload() -> None:
            assert (await control.ask("POST", "/api/v1/reload")).status == 200

        answered = 0
        async with alongside(reload()) as reloading:
            while not reloading.done():
                assert (await control.get("/livez")).status == 200
                answered += 1
        assert answered > 3
        assert Process(tmp_path, "edge", 0).settings.routes[199].name == "r199"
