"""Which run is asked about photos."""

import pytest

from fer_exp.inference import for_photos


@pytest.mark.parametrize("wanted", ["latest", "drawn"])
def test_a_network_of_drawn_faces_is_asked_last_and_warned_of(store, capsys, wanted):
    """On stderr, so that a program can still read what is printed; by name it is asked all the same."""
    for name, data in (("seen", "fer2013"), ("drawn", "synthetic")):
        tags = {"kind": "job", "identity": name, "faces": data}
        store.create(name, {"data.name": data}, tags).end("FINISHED")
    found = store.find(wanted, photos=True)
    for_photos.warn(found)
    said = capsys.readouterr()
    assert (found.name, said.out) == ("seen" if wanted == "latest" else "drawn", "")
    assert ("drawn has only ever seen drawn faces" in said.err) == (wanted == "drawn")
