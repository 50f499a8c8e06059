"""Pictures come in the order of their files, whichever process decoded them."""

import io
import os
import signal
import zipfile

import joblib
import numpy as np
import pytest
from joblib.externals import loky
from PIL import Image

from fer_exp.data import image_folder, parallel_decode
from fer_exp.errors import UserError


def png(number: int) -> bytes:
    """A picture file whose pixels say which it is."""
    file = io.BytesIO()
    Image.fromarray(np.full((48, 48), number % 256, np.uint8)).save(file, "PNG")
    return file.getvalue()


FILES = {f"{number}.png": png(number) for number in range(60)} | {"odd.png": b"no picture"}
NAMES = list(FILES)


@pytest.fixture(scope="module", params=["folder", "zip"])
def files(request, tmp_path_factory):
    """Numbered pictures, one file that is none, and one that is not there."""
    folder = tmp_path_factory.mktemp("set")
    names = [name for name in NAMES if name != "7.png"]
    if request.param == "folder":
        for name in names:
            (folder / name).write_bytes(FILES[name])
        yield image_folder.FolderFiles(folder)
        return
    with zipfile.ZipFile(folder / "set.zip", "w") as archive:
        for name in NAMES:
            archive.writestr(name, FILES[name])
        # what it declares is not what it is
        archive.getinfo("7.png").CRC ^= 1
    with image_folder.open_zip(folder / "set.zip") as archive:
        yield image_folder.ZipFiles(archive)


def said(found) -> list[object]:
    """The grey of each picture, or what is wrong with its file."""
    return [str(each) if isinstance(each, UserError) else set(each.flat) for each in found]


@pytest.fixture
def many(monkeypatch):
    """Few files are enough for two processes, each chunk four of them."""
    monkeypatch.setattr(parallel_decode, "_MANY", 10)
    monkeypatch.setattr(parallel_decode, "_CHUNK", 4)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)


def check(files, found: list[object]) -> None:
    """That each picture is that of its file, and that those in which something is wrong are named."""
    *pictures, odd = found
    unread = pictures.pop(7)
    assert unread.startswith((f"{files.root / '7.png'}: cannot be read", f"{files.root}: 7.png: cannot be"))
    assert pictures == [{number} for number in range(60) if number != 7]
    assert odd.startswith(f"{files.root}: odd.png: cannot be read as a picture")


def test_pictures_come_in_the_order_of_their_files(files):
    """Decoded here, with what is wrong in its place."""
    check(files, said(parallel_decode.in_order(files, NAMES)))


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("ahead", [0, 1, 1000], ids=["all here", "shared", "all elsewhere"])
def test_two_processes_give_the_same(files, monkeypatch, ahead):
    """However the chunks fall to them."""
    monkeypatch.setattr(parallel_decode, "_AHEAD", ahead)
    check(files, said(parallel_decode.in_order(files, NAMES)))


@pytest.fixture
def processes(monkeypatch, many):  # noqa: ARG001 - the few files that are enough
    """The processes that help, by id."""
    pools = []

    def started(count):
        pools.append(_process_pool(count))
        return pools[0]

    _process_pool = loky.ProcessPoolExecutor
    monkeypatch.setattr(loky, "ProcessPoolExecutor", started)
    return lambda: dict(pools[0]._processes)


def test_who_stops_early_leaves_no_process(files, processes):
    """As at the first broken picture."""
    found = parallel_decode.in_order(files, NAMES)
    next(found)
    [helper] = processes().values()
    found.close()
    assert not helper.is_alive()


@pytest.mark.fault(
    "Killed: the process that helps to decode", trials=1, expected="one line that says to start again"
)
def test_a_process_that_dies_is_told_in_one_line(files, processes, monkeypatch):
    """Nothing of it is kept."""
    monkeypatch.setattr(parallel_decode, "_AHEAD", 1000)
    # more than it is given before the first are there
    found = parallel_decode.in_order(files, 20 * NAMES)
    next(found)
    [helper] = processes()
    os.kill(helper, signal.SIGKILL)
    with pytest.raises(UserError, match="the process that helps to decode died; start the same again"):
        list(found)
