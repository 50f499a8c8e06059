"""What one epoch gave is written while the next one trains."""

import threading

import pytest

from fer_exp.experiment.async_writer import AsyncWriter


def test_tasks_are_done_in_order_beside_the_block():
    """The block goes on while one is done, and waits before it hands over the next."""
    done, go_on = [], threading.Event()

    def first():
        go_on.wait(60)
        done.append(1)

    with AsyncWriter() as writer:
        writer.hand(first)
        assert done == []
        go_on.set()
        writer.hand(lambda: done.append(2))
        assert done[0] == 1
    assert done == [1, 2]


@pytest.mark.parametrize(
    "ends", [lambda writer: writer.hand(print), lambda writer: writer.settle(), lambda _: None]
)
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_what_goes_wrong_is_raised(ends, error):
    """At the next task, when asked, or at the end: never lost."""

    def fails():
        raise error("no room")

    def work():
        with AsyncWriter() as writer:
            writer.hand(fails)
            ends(writer)

    with pytest.raises(error, match="no room"):
        work()


def test_whatever_ends_the_block_the_last_task_is_done():
    """And the block's own error is the one that is raised."""
    done = []

    def work():
        with AsyncWriter() as writer:
            writer.hand(lambda: done.append(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [1]
