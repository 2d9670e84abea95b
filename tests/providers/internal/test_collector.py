"""The pause of the cycle collector ends, whatever happens."""

from __future__ import annotations

import gc
import threading

import pytest

from pm_providers.collector import collector_paused


def test_pause_ends_with_the_last_block() -> None:
    """Overlapping blocks in several threads, one of which fails."""
    inside, go_on = threading.Event(), threading.Event()

    def work() -> None:
        with collector_paused():
            inside.set()
            assert go_on.wait(30)

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(30)
    with pytest.raises(KeyError), collector_paused():
        raise KeyError
    assert not gc.isenabled()
    go_on.set()
    thread.join()
    assert gc.isenabled()


def test_collector_that_is_off_stays_off() -> None:
    """Who turned it off decides when it goes on."""
    gc.disable()
    try:
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
