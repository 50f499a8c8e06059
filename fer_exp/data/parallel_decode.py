"""Many pictures read and decoded in their order, on two cores.

To decode so small a picture is mostly Pillow's Python, so a thread gains nothing: a second process takes
some of the files, and this one goes on with the next whenever the other has enough.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import numpy as np

from fer_exp.data import images
from fer_exp.data.image_folder import Files
from fer_exp.errors import UserError
from fer_exp.fer2013 import SIDE

# As many are decoded here before a second process has begun.
_MANY = 8_000

# Files handed over at once.
_CHUNK = 256

# Chunks that the second process has before it, and all that may wait for the first of them.
_AHEAD, _WAITING = 3, 32

# The pictures of a chunk's files, uint8 [B, 48, 48], and what is wrong with some, by their place in it; as
# one array it goes from process to process in a tenth of the time.
Decoded = tuple[np.ndarray, dict[int, UserError]]


def decode(files: Files, names: Sequence[str]) -> Decoded:
    """The pictures of these files."""
    decoded = np.zeros((len(names), SIDE, SIDE), np.uint8)
    wrong = {}
    for place, name in enumerate(names):
        try:
            decoded[place] = images.decode(files.read(name), files.place(name))
        except UserError as error:
            wrong[place] = error
    return decoded, wrong


def in_order(files: Files, names: Sequence[str]) -> Iterator[np.ndarray | UserError]:
    """Each file's picture uint8 [48, 48], or the UserError that says what is wrong with it.

    Raises UserError if the second process dies.
    """
    found = (decode(files, [name]) for name in names)
    if len(names) >= _MANY:
        # here, since few pictures need none
        from joblib import cpu_count

        if cpu_count() > 1:
            found = _by_two(files, names)
    for decoded, wrong in found:
        yield from (wrong.get(place, picture) for place, picture in enumerate(decoded))


def _by_two(files: Files, names: Sequence[str]) -> Iterator[Decoded]:
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    pool = ProcessPoolExecutor(1)
    # in the files' order: what the second process is to give, or what was decoded here
    waiting: deque[Future[Decoded]] = deque()
    try:
        for start in range(0, len(names), _CHUNK):
            chunk = names[start : start + _CHUNK]
            if sum(not each.done() for each in waiting) < _AHEAD:
                waiting.append(pool.submit(decode, files, chunk))
            else:
                waiting.append(Future())
                waiting[-1].set_result(decode(files, chunk))
            while waiting and (waiting[0].done() or len(waiting) > _WAITING):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise UserError(
            f"{files.root}: the process that helps to decode died; start the same again"
        ) from error
    finally:
        pool.shutdown(kill_workers=True)
