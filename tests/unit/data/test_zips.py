"""A zip is read whole, or refused by the name of an entry."""

import stat
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fer_exp.data import image_folder, zips
from fer_exp.errors import UserError

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def zip_path(tmp_path):
    """A zip of one image and one table."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/happy/0.png", CONTENT)
        archive.writestr("fer2013.csv", "emotion,pixels,Usage\n")
    return tmp_path / "a.zip"


def read_all(path) -> dict[str, bytes]:
    """Every file of a zip."""
    with zips.open_zip(path) as archive:
        return {name: zips.read_entry(archive, name) for name in zips.list_zip(archive)}


def test_a_zip_is_read_without_folders_and_litter(zip_path):
    """Byte for byte, sorted by name."""
    with zipfile.ZipFile(zip_path, "a") as archive:
        for name in (
            "train/happy/",
            "__MACOSX/train/happy/._0.png",
            "train/.DS_Store",
            "train/sad/Thumbs.db",
            "train/sad/desktop.ini",
        ):
            archive.writestr(name, b"")
    assert list(read_all(zip_path).items()) == [
        ("fer2013.csv", b"emotion,pixels,Usage\n"),
        ("train/happy/0.png", CONTENT),
    ]


@pytest.mark.parametrize(
    "write",
    [
        lambda data, name: data.replace(name, name.replace(b"/", b"\\")),
        lambda data, name: data.replace(name, b"./" + name[2:]),
        lambda data, _: b"MZ" + bytes(500) + data,
    ],
    ids=["backslashes", "from here", "unpacks itself"],
)
def test_archives_of_other_systems_are_read(tmp_path, write):
    """Of old programs of Windows, packed from within a folder, and as a program that unpacks itself."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/train/happy/0.png", CONTENT)
    path = tmp_path / "b.zip"
    path.write_bytes(write((tmp_path / "a.zip").read_bytes(), b"x/train/happy/0.png"))
    ((name, data),) = read_all(path).items()
    assert (name.rpartition("/")[2], data) == ("0.png", CONTENT)
    assert len(image_folder.arrange([name], "x", pytest.fail)) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        *((name, "lies outside the zip") for name in ("../x", "a/../../x", "/etc/x", "a\\..\\x", "\\x")),
        *((name, "lies outside the zip") for name in ("C:/x", "c:x", "\\\\host\\x", "..")),
    ],
)
@pytest.mark.fault(
    "Bad data: a zip with ../, absolute or drive paths", trials=9, expected="one line that names the entry"
)
def test_an_entry_that_reaches_out_is_refused(zip_path, name, message):
    """Whichever system's paths it uses."""
    info = zipfile.ZipInfo("x")
    info.filename = name
    with zipfile.ZipFile(zip_path, "a") as archive:
        archive.writestr(info, b"x")
    with pytest.raises(UserError, match=message) as caught, zips.open_zip(zip_path):
        pass
    assert repr(name) in str(caught.value)


@pytest.mark.fault("Bad data: a zip with a NUL in a name", trials=1, expected="one line that names the entry")
def test_a_name_with_a_nul_is_refused(zip_path):
    """Python's reader would cut it there, and read another file than it names."""
    zip_path.write_bytes(zip_path.read_bytes().replace(b"train/happy/0.png", b"train/happy\0.png\0"))
    with pytest.raises(UserError, match="lies outside the zip"), zips.open_zip(zip_path):
        pass


@pytest.mark.fault("Bad data: a zip with a link", trials=1, expected="one line that names the entry")
def test_a_link_is_refused(zip_path):
    """It could lead anywhere."""
    info = zipfile.ZipInfo("train/happy/link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(zip_path, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(UserError, match=r"link\.png' is a link"), zips.open_zip(zip_path):
        pass


def in_directory(path, offset: int, value: bytes) -> None:
    """Overwrite a field of the first entry in a zip's directory."""
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\1\2") + offset
    data[at : at + len(value)] = value
    path.write_bytes(data)


def test_a_locked_entry_is_refused(zip_path):
    """By name and with what to do."""
    in_directory(zip_path, 8, b"\1\0")
    with pytest.raises(UserError, match=r"0\.png' is locked by a password; unpack it"):
        read_all(zip_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 99])
def test_a_rare_packing_is_refused(zip_path, method):
    """Python unpacks some of them without a bound, others not at all."""
    in_directory(zip_path, 10, struct.pack("<H", method))
    with pytest.raises(UserError, match=r"0\.png' is packed in a rare way"):
        read_all(zip_path)


@pytest.mark.fault(
    "Bad data: a zip entry that claims to be huge", trials=1, expected="one line that names the entry"
)
def test_an_entry_that_declares_too_much_is_not_unpacked(zip_path):
    """Its size is refused before a byte of it is read."""
    in_directory(zip_path, 24, struct.pack("<I", image_folder.LARGEST_FILE + 1))
    with pytest.raises(UserError, match=r"0\.png: is larger than 64 MiB, too large for an image"):
        read_all(zip_path)


@pytest.mark.fault("Bad data: a zip bomb", trials=1, expected="one line that names the entry")
def test_a_bomb_is_refused(tmp_path):
    """64 MiB of zeros, and one more, in 300 kB are no image."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("train/happy/bomb.png", bytes(image_folder.LARGEST_FILE + 1))
    with pytest.raises(UserError, match=r"train/happy/bomb\.png: is larger than 64 MiB"):
        read_all(tmp_path / "a.zip")


@pytest.mark.parametrize("size", [0, 1000])
@pytest.mark.fault(
    "Bad data: a zip entry that holds more than it declares",
    trials=2,
    expected="one line that names the entry",
)
def test_an_entry_that_holds_more_than_it_declares_is_refused(zip_path, size):
    """Only what it declares is unpacked, and that does not fit its checksum; nor is it taken for empty."""
    in_directory(zip_path, 24, struct.pack("<I", size))
    with pytest.raises(UserError, match=r"0\.png: cannot be unpacked \(Bad CRC-32"):
        read_all(zip_path)


def test_too_many_entries_are_refused(zip_path, monkeypatch):
    """Their directory alone would fill the memory."""
    monkeypatch.setattr(zips, "_MOST_ENTRIES", 1)
    with pytest.raises(UserError, match="holds 2 entries, more than 1"), zips.open_zip(zip_path):
        pass


def test_a_name_that_occurs_twice_is_refused(zip_path):
    """Which of the two counts is anybody's guess."""
    with zipfile.ZipFile(zip_path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("train/happy/0.png", b"other")
    with pytest.raises(UserError, match=r"holds train/happy/0\.png twice"):
        read_all(zip_path)


def test_a_missing_zip_is_named(tmp_path):
    """As one that cannot be opened."""
    with pytest.raises(UserError, match=r"none\.zip: cannot be opened as a zip"):
        read_all(tmp_path / "none.zip")


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
@pytest.mark.fault("Bad data: a zip cut anywhere", trials=100, expected="one line that names the file")
def test_a_cut_zip_is_refused(zip_path, share):
    """Cut anywhere: its directory stands at the end."""
    data = zip_path.read_bytes()
    cut = zip_path.with_name("cut.zip")
    cut.write_bytes(data[: int(share * len(data))])
    with pytest.raises(UserError, match=r"cut\.zip: cannot be opened as a zip"):
        read_all(cut)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
@pytest.mark.fault(
    "Bad data: a zip with a changed byte", trials=100, expected="the same content, or one line"
)
def test_any_changed_byte_of_a_zip_ends_in_its_content_or_one_line(zip_path, share, byte):
    """Never another exception, and never another content under the same name."""
    data = bytearray(zip_path.read_bytes())
    data[int(share * len(data))] = byte
    changed = zip_path.with_name("changed.zip")
    changed.write_bytes(data)
    found, message = {}, str(changed)
    try:
        found = read_all(changed)
    except UserError as error:
        message = str(error)
    assert message.startswith(str(changed))
    assert found.get("train/happy/0.png", CONTENT) == CONTENT
