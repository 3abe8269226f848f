"""Two writers of one PostgreSQL at once, as two judges are."""

import threading
from collections.abc import Callable, Iterable

from shadowproxy.report.opening import StoreError, Trouble, told


def race(writes: Iterable[Callable[[], object]], meanwhile: Callable[[], object]) -> None:
    """Makes each of `writes`, and does `meanwhile` again and again until they are made.

    As the keeper does it: of two that wait for each other in a circle one is told to try again.
    """
    is_over = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for each in writes:
                while not _succeeds(each):
                    pass
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)
        finally:
            is_over.set()

    writing = threading.Thread(target=write)
    writing.start()
    while not is_over.is_set():
        _succeeds(meanwhile)
    writing.join()
    assert failures == []


def _succeeds(act: Callable[[], object]) -> bool:
    """False if it was told to try again."""
    try:
        with told("written"):
            act()
    except StoreError as error:
        if error.trouble is not Trouble.LOCKED:
            raise
        return False
    return True
