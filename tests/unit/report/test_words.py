"""The catalogue: whatever is said in one language is said in the other, from the same values."""

import re
import string
from collections.abc import Mapping

from fer_exp.fer2013 import EMOTIONS
from fer_exp.formatting import JOINTS, KINDS, message
from fer_exp.report.words import words_of
from fer_exp.statistics import Difference

ENGLISH, KOREAN = words_of("en").templates, words_of("ko").templates
GLOSSES = {key for key in KOREAN if key.startswith("gloss.")}


def forms(template) -> list[str]:
    """A template, or its forms for one and for more."""
    return list(template.values()) if isinstance(template, Mapping) else [template]


def fields(template) -> set[tuple[str, str]]:
    """The values that a template takes, and how it prints each."""
    parsed = (each for form in forms(template) for each in string.Formatter().parse(form))
    return {(name, kind) for _, name, kind, _ in parsed if name}


def test_both_languages_have_the_same_keys():
    """But for the glosses of names that English keeps; every emotion has one."""
    assert set(ENGLISH) == set(KOREAN) - GLOSSES
    assert {f"gloss.{emotion}" for emotion in EMOTIONS} <= GLOSSES


def test_both_languages_say_the_same():
    """The same values in the same form, in a known kind; the Korean one is Korean."""
    for key, template in ENGLISH.items():
        assert fields(template) == fields(KOREAN[key]), key
        for _, kind in fields(template):
            known = kind in KINDS or kind in JOINTS or kind == "gloss"
            assert known or re.fullmatch(r",?(\.\d)?[fg]?", kind), key
        for korean in forms(KOREAN[key]):
            letters = re.sub(r"\{[^}]*\}", "", korean).replace("macro-F1", "")
            assert re.search("[가-힣]", letters) or not re.search("[A-Za-z]{2}", letters), key
        assert not any(re.search("[가-힣]", english) for english in forms(template)), key


def test_an_answer_is_said_in_both_languages_from_the_same_values():
    """Numbers, names and order as each language has them."""
    found = Difference(0.012, 0.005, 0.019, 0.01)
    better = message("answer.arms.better", arms=[message("answer.gap", arm="tanh", found=found)])
    said = message("answer.against", outcome=message("outcome.contradicted"), one="relu", others=[better])
    assert words_of("en").text(said) == (
        "contradicted; against relu better: tanh +1.20 points [+0.50, +1.90]"
    )
    assert words_of("ko").text(said) == "반박됨; relu 대비 높음: tanh +1.20 %p [+0.50, +1.90]"
