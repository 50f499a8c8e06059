"""Answers as letters and back, and what is refused instead."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_exp.errors import UserError
from fer_exp.tracking.archive import answers
from fer_exp.tracking.artifacts import ANSWER

ROWS = st.lists(
    st.tuples(*[st.integers(0, 2**31 - 1)] * 2, *[st.integers(0, 6)] * 2), min_size=0, max_size=50
)


def array(rows):
    return np.array(rows, dtype=ANSWER)


@given(ROWS)
def test_answers_come_back_as_they_were(rows):
    """Whatever positions, groups, classes and predictions, in any order."""
    kept = array(rows)
    [line] = answers.lines([{"test": kept}])
    faces = answers.ArchivedFaces.parse(json.loads(line.text()))
    told = json.loads(json.dumps(answers.told({"test": kept})))
    assert answers.understood(told, {faces.digest: faces})["test"].tolist() == kept.tolist()


def test_faces_that_runs_share_are_told_once():
    """A line for each set of faces, whoever answered it."""
    one, other = array([(3, 1, 2, 5), (9, 4, 0, 0)]), array([(3, 1, 2, 6), (9, 4, 0, 1)])
    fresh = array([(3, 1, 3, 5), (9, 4, 0, 0)])
    assert len(answers.lines([{"test": one, "validation": fresh}, {"test": other}])) == 2


@pytest.fixture
def faces():
    """The line of some faces, as JSON, and what it tells."""
    found = answers.ArchivedFaces.of(array([(k, k, k % 7, 0) for k in range(20)]))
    return json.loads(found.text()), {found.digest: found}


def test_a_line_of_faces_that_is_damaged_is_refused(faces):
    """Letters that are none, rows that are cut short or others, fields too many."""
    tree, _ = faces
    for change, said in [
        ({"rows": "%"}, "no base64"),
        ({"rows": "AAAA"}, "damaged"),
        ({"rows": tree["rows"][:40]}, "cut short"),
        ({"faces": "0" * 16}, "not those that it was written with"),
        ({"rows": 1}, "two texts"),
        ({"more": ""}, "nothing else"),
    ]:
        with pytest.raises(UserError, match=said):
            answers.ArchivedFaces.parse({**tree, **change})


def test_rows_that_would_fill_the_memory_are_refused(faces, monkeypatch):
    """However few letters they take."""
    monkeypatch.setattr(answers, "_MOST", 19)
    with pytest.raises(UserError, match="more than 19"):
        answers.ArchivedFaces.parse(faces[0])


def test_answers_that_are_none_are_refused(faces):
    """To other faces, too few, no class, or another shape."""
    _, known = faces
    [digest] = known
    for tree, said in [
        ([], "answers are none"),
        ({"train": [digest, ""]}, "answers are none"),
        ({"test": [digest]}, "answers are none"),
        ({"test": [digest, 1]}, "no texts"),
        ({"test": ["0" * 16, ""]}, "which no line tells"),
        ({"test": [digest, "AAAA"]}, "not those to the 20 faces"),
        ({"test": [digest, "/" * 10 + "8="]}, "not those to the 20 faces|are no classes"),
        ({"test": [digest, "?"]}, "no base64"),
    ]:
        with pytest.raises(UserError, match=said):
            answers.understood(tree, known)
