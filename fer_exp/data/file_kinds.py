"""What a file is that is not what its name says, by how it begins, and what to do with it."""

from pathlib import Path

# As far as the longest of the marks below reaches.
HEAD = 512

# Of formats that packers and programs write, where they begin and what they are.
_MARKS = (
    (0, b"PK\3\4", "a zip; end its name in .zip"),
    (0, b"PK\5\6", "an empty zip; get it again"),
    (0, b"\x1f\x8b", "packed by gzip; unpack it with gunzip, or with tar xzf if it is a .tar.gz"),
    (257, b"ustar", "a tar; unpack it with tar xf"),
    (0, b"7z\xbc\xaf'\x1c", "a 7z archive; unpack it"),
    (0, b"Rar!", "a rar archive; unpack it"),
    (0, b"\xfd7zXZ\0", "packed by xz; unpack it"),
    (0, b"BZh", "packed by bzip2; unpack it"),
    (0, b"\x28\xb5\x2f\xfd", "packed by zstd; unpack it"),
    (0, b"PAR1", "a Parquet file; end its name in .parquet"),
    (0, b"\xd0\xcf\x11\xe0", "a document of a spreadsheet program; save it there as a CSV in UTF-8"),
    (0, b"version https://git-lfs", "a pointer of Git LFS; `git lfs pull` brings the file itself"),
    (0, b"\xff\xd8\xff", "a JPEG picture; name a set of them"),
    (0, b"\x89PNG", "a PNG picture; name a set of them"),
    (0, b"\xff\xfe\0\0", "text in UTF-32; write it in UTF-8: iconv -f UTF-32 -t UTF-8"),
    (0, b"\xff\xfe", "text in UTF-16; write it in UTF-8: iconv -f UTF-16 -t UTF-8"),
    (0, b"\xfe\xff", "text in UTF-16; write it in UTF-8: iconv -f UTF-16 -t UTF-8"),
    (0, b"\0\0\xfe\xff", "text in UTF-32; write it in UTF-8: iconv -f UTF-32 -t UTF-8"),
)

# What else may stand between the columns of a table.
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def seen(head: bytes) -> str | None:
    """What a file that begins so is, and what to do with it; None if that cannot be told."""
    if not head:
        return "empty; get it again"
    if head.startswith(b"PK\3\4") and b"[Content_Types].xml" in head:
        return "a document of a spreadsheet program; save it there as a CSV in UTF-8"
    for at, mark, kind in _MARKS:
        if head.startswith(mark, at):
            return kind
    if head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "a web page, as sites send it where one has to log in; get the file again"
    if not head.strip(b"\0"):
        return "a file of zeros, as a broken download leaves it; get it again"
    return _seen_in_text(head)


def _seen_in_text(head: bytes) -> str | None:
    line = head.decode("latin-1").lower()
    if "\0" in line and not (line[1::2].strip("\0") and line[::2].strip("\0")):
        order = "BE" if line[0] == "\0" else "LE"
        return f"text in UTF-16; write it in UTF-8: iconv -f UTF-16{order} -t UTF-8"
    for separator, name in _SEPARATORS.items():
        if {"emotion", "pixels"} <= {each.strip(' "\r') for each in line.split("\n")[0].split(separator)}:
            shown = separator.replace("\t", "\\t")
            return f"a table with {name} between its columns; put commas there: tr '{shown}' ','"
    return None


def seen_at(path: Path, own: bytes = b"") -> str | None:
    """The same of the file at a path; None too where it cannot be read, or begins as its `own` format."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError:
        return None
    return None if own and head.startswith(own) else seen(head)
