"""A file appears whole or not at all."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fer_exp import files
from fer_exp.errors import UserError


def test_a_file_takes_its_place_at_the_end(tmp_path):
    """Until the block ends a reader sees the old content; then the new, and nothing beside it."""
    path = tmp_path / "a.bin"
    with files.written_whole(path) as file:
        file.write(b"old")
    with files.written_whole(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["a.bin"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_file_leaves_the_old_one(tmp_path, error):
    """A full disk or Ctrl-C in mid-write loses nothing and leaves nothing behind."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def write() -> None:
        with files.written_whole(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def scratches(place: Path) -> list[Path]:
    """The folders for temporary files there."""
    return sorted(place.glob("fer-exp-scratch-*"))


def test_a_scratch_folder_goes_with_its_block(tmp_path, monkeypatch):
    """Also where the block fails; and nobody else's business is touched."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "fer-exp-theirs").mkdir()

    def work() -> None:
        with files.scratch() as folder:
            (folder / "a").mkdir()
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            # another's, which lives
            with files.scratch() as other:
                assert scratches(tmp_path) == sorted([folder, other])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert os.listdir(tmp_path) == ["fer-exp-theirs"]


@pytest.mark.fault(
    "Killed: SIGKILL while temporary files are in use",
    trials=1,
    expected="the next one takes away what is left, and nothing of a live one",
)
def test_what_a_process_reads_from_elsewhere_goes_with_it(tmp_path):
    """However many files: they lie in one folder."""
    code = "from fer_exp import files; print(*{files.of_this_process() for _ in range(3)})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).parent == tmp_path
    assert scratches(tmp_path) == []


def test_what_a_killed_process_left_in_scratch_is_taken_away_by_the_next(tmp_path, monkeypatch):
    """Models of 1 MB would heap up among the temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    script = (
        "import os; from fer_exp import files; a = files.scratch(); a.__enter__(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False)
    (left,) = scratches(tmp_path)
    with files.scratch() as folder:
        assert scratches(tmp_path) == [folder] != [left]


def test_a_copy_that_finds_no_room_names_what_it_writes():
    """And not what it reads."""
    with pytest.raises(UserError, match=r"^to: cannot be written \(No space"), files.failing_in_one_line():
        raise OSError(28, "No space left on device", "from", None, "to")


_KILLED = """
import os, sys
from pathlib import Path
from fer_exp import files
from fer_exp.errors import UserError

with files.written_whole(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), 9)
"""


@pytest.mark.fault(
    "Killed: SIGKILL while a file is written",
    trials=1,
    expected="the old file stays; the next writer takes away what is left, and nothing of a live one",
)
def test_what_a_killed_writer_left_is_taken_away_by_the_next(tmp_path):
    """Checkpoints and caches have up to 83 MB each; a writer that lives is left alone."""
    path = tmp_path / "a.bin"
    here = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", _KILLED, path], env=here, check=False)
    [left] = os.listdir(tmp_path)
    with files.written_whole(path) as one:
        assert left not in os.listdir(tmp_path)
        one.write(b"one")
        with files.written_whole(path) as other:
            other.write(b"other")
        assert path.read_bytes() == b"other"
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_what_has_a_leftovers_name_and_is_no_file_stays(tmp_path):
    """A pipe would let its reader wait, and a link that leads nowhere make a file there."""
    path, pipe, link = (tmp_path / name for name in ("a.bin", ".a.bin.0123abcd", ".a.bin.4567abcd"))
    os.mkfifo(pipe)
    link.symlink_to("elsewhere")
    files.write(path, b"text")
    assert sorted(os.listdir(tmp_path)) == sorted([path.name, pipe.name, link.name])


@pytest.mark.parametrize("name", ["a" * 255, "얼" * 85, os.fsdecode(b"\xff" * 255)])
def test_a_file_may_have_the_longest_name(tmp_path, name):
    """255 bytes, of any letters; what is written first has a name that fits."""
    files.write(tmp_path / name, b"text")
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("mode", [0o640, 0o600, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path, mode):
    """Whoever has closed it to others finds it closed; a new one is as the umask says."""
    path = tmp_path / "a.bin"
    for _ in range(2):
        files.write(path, b"text")
        path.chmod(mode)
    files.write(path, b"other")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    files.write(tmp_path / "b.bin", b"")
    (tmp_path / "c.bin").touch()
    assert (tmp_path / "b.bin").stat().st_mode == (tmp_path / "c.bin").stat().st_mode
