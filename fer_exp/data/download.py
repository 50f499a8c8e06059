"""Obtain FER-2013 from Kaggle, where its terms can be accepted; nothing is mirrored here.

`python -m fer_exp data --download FOLDER` needs the optional package kagglehub and a Kaggle login.
"""

import shutil
from pathlib import Path

from fer_exp import console, extras
from fer_exp.errors import UserError

HANDLE = "msambare/fer2013"
BY_HAND = (
    f"by hand: log in at kaggle.com, download the data set {HANDLE}, leave it zipped,\n"
    "and name it: python train.py data=fer2013 data.root=PATH/TO/archive.zip"
)


def download(folder: Path) -> None:
    """Put the Kaggle folder layout at `folder`. Raises UserError if it cannot be had."""
    if folder.exists():
        raise UserError(f"{folder}: exists already; remove it to obtain the data again")
    extras.need("data", "the download", "kagglehub")
    import kagglehub

    try:
        found = Path(kagglehub.dataset_download(HANDLE))
    # kagglehub raises its own and its HTTP client's errors, down to plain Exception
    except Exception as error:
        raise UserError(f"Kaggle did not give {HANDLE} ({console.one_line(error)})") from error
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(found, folder)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror or error})") from None
