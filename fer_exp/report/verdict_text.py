"""Verdict codes as messages of the catalogue."""

from typing import Any

from fer_exp.analysis.accuracy import Place
from fer_exp.analysis.comparison import DeckFigure
from fer_exp.analysis.estimates import Method
from fer_exp.analysis.family import MARGIN
from fer_exp.analysis.verdicts import Contrast, Verdict
from fer_exp.formatting import Message, message


def verdict_text(contrast: Contrast, margin: float = MARGIN) -> Message:
    """What a contrast says, or why it says nothing; `margin` in points."""
    if contrast.reason is not None:
        text = message(f"verdict.none.{contrast.reason.name.lower()}")
    elif contrast.verdict is not Verdict.UNDECIDED:
        text = message(f"verdict.{contrast.verdict.name.lower()}", n=margin)
    elif contrast.needed is None:
        two_way = contrast.estimate is not None and contrast.estimate.method is Method.TWO_WAY
        why = "faces" if two_way else "always"
        text = message(f"verdict.undecided.{why}", detectable=contrast.detectable)
    else:
        text = message("verdict.undecided", detectable=contrast.detectable, needed=contrast.needed)
    if contrast.same_as is not None:
        text = message("verdict.same_as", verdict=text, arm=contrast.same_as)
    return message("verdict.preliminary", verdict=text) if contrast.preliminary else text


def deck_cells(deck: DeckFigure | None) -> list[Any]:
    """The deck's figure and where it lies; of a run by another protocol the figure stands without a word."""
    if deck is None:
        return ["", ""]
    if deck.place is Place.NOT_COMPARABLE:
        return [deck.value, message("deck.as_test") if deck.misnamed else ""]
    place = message(f"deck.{deck.place.name.lower()}")
    return [deck.value, message("deck.misnamed", verdict=place) if deck.misnamed else place]
