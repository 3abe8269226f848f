"""What must be so before the first process starts: no one in the way, the page true, slots made."""

from pathlib import Path

from shadowproxy.core.settings import Settings
from shadowproxy.ipc.dials import Dials
from shadowproxy.runtime import orphans
from shadowproxy.runtime.children import ROLES, Child
from shadowproxy.runtime.events import Events
from shadowproxy.runtime.listening import Listeners
from shadowproxy.runtime.orphans import Orphan


def slots(listeners: Listeners) -> list[Child]:
    """The process slots with the sockets that each inherits; users' first, control's last."""
    edges = [Child("edge", slot, sockets) for slot, sockets in enumerate(listeners.edges)]
    others = [Child(role, 0, listeners.admin if role == "control" else ()) for role in ROLES[1:]]
    return [*edges, *others]


def prepare_dials(runtime_dir: Path, settings: Settings) -> Dials:
    """The page as it must be before the first edge reads it.

    In a folder that is used again, dials that an operator turned survive in dials.json until
    control takes them up; how the last reload of the earlier run ended does not.
    """
    (runtime_dir / "reload.json").unlink(missing_ok=True)
    dials = Dials(runtime_dir)
    dials.stop_draining()
    dials.publish_generation(settings.generation)
    if not (runtime_dir / "dials.json").exists():
        dials.turn(shadow_on=settings.shadow.enabled)
        dials.clear_sample()
    return dials


def end_orphans(runtime_dir: Path, settings: Settings, events: Events) -> list[Orphan]:
    """Ends orphans at once unless they serve users; returns those that do."""
    found = orphans.find(runtime_dir, settings)
    for orphan in found:
        events.say(
            "orphan_found", "warning", process=orphan.name, pid=orphan.pid,
            folder=str(orphan.runtime_dir),
        )  # fmt: skip
    staying = [o for o in found if o.serves_users and o.runtime_dir != runtime_dir]
    orphans.end([orphan for orphan in found if orphan not in staying])
    return staying
