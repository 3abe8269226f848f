"""Which settings a running proxy can take on, and which wait for a restart.

The supervisor owns the listening sockets and the number of edges, control its own socket, judge
and control the store: those were made once. Everything else is read from the settings file of the generation.
"""

from dataclasses import replace

from shadowproxy.core.settings import Settings


def restart_needed(old: Settings, new: Settings) -> list[str]:
    """The keys that differ and only take effect at the next start; `next_generation` keeps them."""
    changed = {
        "listen": old.listen != new.listen,
        "workers": old.workers != new.workers,
        "admin.listen": old.admin.listen != new.admin.listen,
        "report.store": old.report.store != new.report.store,
        "tls": (old.tls is None) != (new.tls is None),
    }
    return [key for key, differs in changed.items() if differs]


def next_generation(old: Settings, new: Settings) -> Settings:
    """`new` as the running proxy can apply it: what needs a restart keeps its running value."""
    return replace(
        new,
        generation=old.generation + 1,
        listen=old.listen,
        workers=old.workers,
        admin=replace(new.admin, listen=old.admin.listen),
        report=replace(new.report, store=old.report.store),
        tls=old.tls if (old.tls is None) != (new.tls is None) else new.tls,
    )
