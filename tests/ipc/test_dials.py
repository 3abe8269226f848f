"""The dials page: what control writes is what every process reads on its next request."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.core.lifecycle import DropReason
from shadowproxy.ipc.dials import Dials

TURN_OFF = """
import sys
from pathlib import Path
from shadowproxy.ipc.dials import Dials
Dials(Path(sys.argv[1])).turn(shadow_on=False, sample=0.25)
"""


def test_a_new_page_shadows_without_override(tmp_path: Path) -> None:
    """Nothing is turned, nothing drains and nothing is shed at the start."""
    dials = Dials(tmp_path)
    assert dials.shadow_on
    assert dials.sample_override is None
    assert dials.generation == 0
    assert not dials.draining
    assert dials.shed is None


def test_another_process_turns_a_dial(tmp_path: Path) -> None:
    """A mapped page shows the change of another process without any call in between."""
    dials = Dials(tmp_path)
    before = dials.sequence
    subprocess.run([sys.executable, "-c", TURN_OFF, str(tmp_path)], check=True)
    assert not dials.shadow_on
    assert dials.sample_override == 0.25
    assert dials.sequence > before


@pytest.mark.parametrize(
    "change",
    [
        lambda dials: dials.turn(shadow_on=True),
        Dials.clear_sample,
        lambda dials: dials.publish_generation(7),
    ],
)
def test_every_change_of_control_bumps_the_sequence(
    tmp_path: Path, change: Callable[[Dials], None]
) -> None:
    """Readers that compare one word notice all changes."""
    dials = Dials(tmp_path)
    before = dials.sequence
    change(dials)
    assert dials.sequence == before + 1


@settings(deadline=None)  # a file each, on a disk that others use too
@given(share=st.floats(0, 1))
def test_a_share_comes_back_to_one_in_a_million(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    """The page keeps shares in parts per million, and none of them reads as "no override"."""
    dials = Dials(tmp_path_factory.mktemp("dials"))
    dials.turn(sample=share)
    assert dials.sample_override == pytest.approx(share, abs=5e-7)
    dials.clear_sample()
    assert dials.sample_override is None


@pytest.mark.parametrize("reason", [*DropReason, None])
def test_every_reason_to_shed_comes_back(tmp_path: Path, reason: DropReason | None) -> None:
    """Edges read the very reason that shadow gave."""
    Dials(tmp_path).set_shed(reason)
    assert Dials(tmp_path).shed is reason


def test_a_page_that_exists_keeps_what_it_says(tmp_path: Path) -> None:
    """A restarted process does not turn shadowing on again."""
    Dials(tmp_path).turn(shadow_on=False)
    assert not Dials(tmp_path).shadow_on


def test_draining_ends_with_the_next_start(tmp_path: Path) -> None:
    """A runtime folder that is used again serves again."""
    dials = Dials(tmp_path)
    dials.start_draining()
    assert dials.draining
    dials.stop_draining()
    assert not dials.draining
