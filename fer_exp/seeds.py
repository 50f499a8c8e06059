"""Seeds of independent draws, derived from one seed by name.

Hashing (seed, name) instead of drawing from one stream means that a new draw never shifts the
others, and that an epoch's order depends on nothing but seed and epoch: a resumed run repeats it.
"""

import hashlib


def derive(seed: int, *names: str | int) -> int:
    """A seed in [0, 2**63) for the draw called `names`, the same on every machine."""
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
