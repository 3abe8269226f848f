"""The operator's file: model, loading with positions, overrides, reload.

    file ─► nodes with positions ─┐
    SHADOWPROXY__A__B=value ──────┼─► one tree ─► pydantic models ─► core.settings.Settings
    --set a.b=value, flags ───────┘      (the only place that knows pydantic and yaml)

Law: a configuration is either accepted whole or refused with every mistake at once
(`ConfigError.problems`, each with position and key path); nothing is ever half-applied.

What other processes call:

    loading.load(path, overrides=(), environ=os.environ, *, flags={}, allow_same=False,
                 previous=None) -> Loaded
        raises ConfigError. `previous` (the running Settings) keeps route slots stable.
    invocation.read_invocation(runtime_dir) -> Invocation      # run.json, written by the command line;
        its `sources` and `content_hash` are those of the settings at the start
    loading.load_invocation(invocation, environ, previous) -> Loaded      # the same load again
    reloading.restart_needed(old, new) -> list[str]      # keys that only a restart changes
    reloading.next_generation(old, new) -> Settings      # new, with old's listen, workers, ... kept
    fingerprint.content_hash(sources) -> str             # cheap: poll it once a second

A reload is: `content_hash(loaded.sources) != loaded.content_hash` (or asked for) ─► load_invocation
─► on ConfigError keep everything, say so (`.problems`, `.sources` and `.content_hash` are on the
exception too, so the same bad file is reported once) ─► else log `restart_needed(old, new)` and
write `next_generation(old, new)`.
"""

from shadowproxy.config.fingerprint import content_hash
from shadowproxy.config.invocation import Invocation, read_invocation, write_invocation
from shadowproxy.config.loaded import Loaded, Value
from shadowproxy.config.problems import ConfigError, Problem
from shadowproxy.config.reloading import next_generation, restart_needed

__all__ = [
    "ConfigError",
    "Invocation",
    "Loaded",
    "Problem",
    "Value",
    "content_hash",
    "next_generation",
    "read_invocation",
    "restart_needed",
    "write_invocation",
]
