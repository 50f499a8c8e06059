"""Search a reader for an input that ends otherwise than in faces or in one line: `make fuzz`.

Atheris changes inputs so that they reach code that none before has reached. One that ends in another
error, takes too long or fills the memory stops the search and is left in the folder that is said.
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path

import atheris
import numpy as np

with atheris.instrument_imports(include=["fer_exp", "PIL"]):
    from PIL import Image

    # Pillow loads its formats late, and then they would not be watched
    Image.init()

    from fer_exp.data import csv_reader, images
    from fer_exp.errors import UserError

# What one input may take; the memory is all of the process's.
SECONDS_EACH, MIB = 20, 1024


def through_csv(data: bytes) -> None:
    """Read a table; a row is a face or is left out by line."""
    left_out: list[UserError] = []
    try:
        for pixels, label, _ in csv_reader.read(io.BytesIO(data), "a.csv", left_out.append):
            assert (pixels.shape, pixels.dtype) == ((48, 48), np.uint8)
            assert 0 <= label < 7
    except UserError as error:
        left_out.append(error)
    for message in map(str, left_out):
        assert message.startswith("a.csv")
        assert "\n" not in message


def through_images(data: bytes) -> None:
    """Read an image; it is a face or is refused by name."""
    found, message = np.zeros((48, 48), np.uint8), "a.png: "
    try:
        found = images.decode(data, "a.png")
    except UserError as error:
        message = str(error)
    assert (found.shape, found.dtype) == ((48, 48), np.uint8)
    assert message.startswith("a.png: ")
    assert "\n" not in message


def tables() -> list[bytes]:
    """Small tables to begin with."""
    face = " ".join(map(str, range(256))) + " 7" * 2048
    row = f"emotion,pixels,Usage\n3,{face},Training\n"
    quoted = f'\ufeffemotion, Usage, pixels\r\nhappy,PublicTest,"{face}"\r\n'
    return [
        text.encode() for text in (row, quoted, 'emotion,pixels,Usage\n3,"7', "emotion,pixels,Usage\n\n,")
    ]


def small_images() -> list[bytes]:
    """A small image in each format to begin with."""
    found = []
    for kind in images.FORMATS:
        for mode in ("L", "RGB"):
            file = io.BytesIO()
            Image.new(mode, (12, 9), 99).save(file, kind)
            found.append(file.getvalue())
    return found


READERS = {"csv": (through_csv, tables), "images": (through_images, small_images)}


def main() -> None:
    """Search until the time is up or something is found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reader", choices=list(READERS))
    parser.add_argument("--seconds", type=int, default=60)
    args = parser.parse_args()
    through, seeds = READERS[args.reader]
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz_{args.reader}_"))
    for number, seed in enumerate(seeds()):
        (folder / str(number)).write_bytes(seed)
    print(f"{args.reader}: {args.seconds} s; inputs lie in {folder}", flush=True)
    limits = [f"-max_total_time={args.seconds}", f"-timeout={SECONDS_EACH}", f"-rss_limit_mb={MIB}"]
    options = [f"-artifact_prefix={folder}/", "-max_len=20000", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *limits, *options, str(folder)], through)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
