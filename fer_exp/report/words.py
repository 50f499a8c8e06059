"""The language of a page: its catalogue of words by key, one file a language.

A small catalogue instead of gettext: that takes the English sentence for the key, so that each better wording
loses its translation, and it reads files that must be compiled at build, which an editable install skips.
"""

from functools import cache
from importlib import resources

import yaml

from fer_exp import provenance
from fer_exp.formatting import Words
from fer_exp.report.blocks import Sheet
from fer_exp.tables import Table

LANGUAGES = ("en", "ko")


@cache
def words_of(language: str) -> Words:
    """The words of a language of `LANGUAGES`."""
    text = resources.files("fer_exp.report").joinpath("catalogue", f"{language}.yaml").read_text("utf-8")
    templates = yaml.safe_load(text)
    said = {key: provenance.as_typed(each) for key, each in templates.items() if isinstance(each, str)}
    return Words(templates | said)


def sheet(table: Table, words: Words) -> Sheet:
    """A table as the page shows it."""
    shown = table.in_words(words)
    columns = list(enumerate(table.filled().columns))
    english = {place for place, column in columns if column.english}
    numeric = {place for place, column in columns if column.numeric}
    return Sheet(shown.whole_title, shown.header, shown.rows, shown.notes, english, numeric)
