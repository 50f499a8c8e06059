"""A file under a wrong name is called what it is, with what to do."""

import gzip
import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_exp.data import csv_reader, file_kinds, sources
from fer_exp.errors import UserError

TABLE = "emotion,pixels,Usage\n3," + " ".join(["7"] * 2304) + ",Training\n"


def tar() -> bytes:
    """A tar of a table."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("fer2013.csv")
        entry.size = len(TABLE)
        archive.addfile(entry, io.BytesIO(TABLE.encode()))
    return packed.getvalue()


def zipped(name: str) -> bytes:
    """A zip of an entry."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, TABLE)
    return packed.getvalue()


KINDS = [
    (TABLE.replace(",", ";").encode(), "a table with semicolons between its columns; .*tr ';' ','"),
    (TABLE.replace(",", "\t").encode(), r"a table with tabs between its columns; .*tr '\\t' ','"),
    (TABLE.replace(",", "|").encode(), "a table with bars"),
    (TABLE.encode("utf-16"), "text in UTF-16; .* iconv -f UTF-16 -t UTF-8"),
    (TABLE.encode("utf-16-le"), "text in UTF-16; .* iconv -f UTF-16LE"),
    (TABLE.encode("utf-16-be"), "text in UTF-16; .* iconv -f UTF-16BE"),
    (TABLE.encode("utf-32"), "text in UTF-32; .* iconv -f UTF-32"),
    (tar(), "a tar; unpack it with tar xf"),
    (gzip.compress(tar()), "packed by gzip; unpack it"),
    (zipped("fer2013.csv"), r"a zip; end its name in \.zip"),
    (zipped("[Content_Types].xml"), "a document of a spreadsheet program; save it there as a CSV"),
    (b"PAR1" + bytes(20) + b"PAR1", r"a Parquet file; end its name in \.parquet"),
    (b"\n<!DOCTYPE html><html>Log in</html>", "a web page, as sites send it where one has to log in"),
    (b"version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS; `git lfs pull`"),
    (b"", "empty; get it again"),
    (bytes(4096), "a file of zeros"),
]


@pytest.mark.parametrize(("data", "kind"), KINDS)
@pytest.mark.fault(
    "Bad data: a tar, a gzip, a web page, UTF-16 or another separator under the name of a table",
    trials=len(KINDS),
    expected="one line that says what it is and what to do",
)
def test_a_file_under_the_name_of_a_table_is_called_what_it_is(data, kind):
    """Rather than by columns that it lacks."""
    with pytest.raises(UserError, match=rf"^a\.csv: is {kind}"):
        list(csv_reader.read(io.BytesIO(data), "a.csv", pytest.fail))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.zip", r"cannot be opened as a zip \(it is a tar; unpack it"),
        ("a.parquet", "is a tar; unpack it"),
        ("a.tar", r"is neither a folder nor a \.zip, \.csv or \.parquet; it is a tar; unpack it"),
    ],
)
def test_so_is_one_under_any_other_name(tmp_path, name, said):
    """Of a zip, of Parquet files, or of nothing that is known."""
    (tmp_path / name).write_bytes(tar())
    with pytest.raises(UserError, match=said):
        list(sources.find(tmp_path / name).rows(pytest.fail))


def test_a_file_of_its_own_format_is_not_told_of(tmp_path):
    """Whoever could not read it knows more."""
    (tmp_path / "a.zip").write_bytes(zipped("a"))
    assert file_kinds.seen_at(tmp_path / "a.zip", b"PK") is None
    assert file_kinds.seen_at(tmp_path / "none") is None


@given(st.binary(min_size=1, max_size=40))
def test_any_beginning_is_one_line_or_unknown(head):
    """Never an exception."""
    assert "\n" not in (file_kinds.seen(head) or "")
