"""The run that is asked about photos, by `Store.find` with photos=True."""

import sys

from fer_exp import provenance, tracking

HELP = "id, name, best or latest, of runs on photos if there are any (default: latest)"


def warn(record: tracking.Record) -> None:
    """Say on stderr of a run that can answer if it knows nothing of photos."""
    if record.drawn:
        better = provenance.as_typed("python train.py data=fer2013 data.root=PATH")
        print(
            f"warning: {record.name} has only ever seen drawn faces, so what it says of a photo means "
            f"little; {better} trains one on photos",
            file=sys.stderr,
        )
