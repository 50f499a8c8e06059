"""The language of a page: its own words, the tables' words, and the names of classes and studies."""

from dataclasses import dataclass

from fer_exp.report import phrases, texts
from fer_exp.report.blocks import Sheet
from fer_exp.tables import Table

LANGUAGES = ("en", "ko")

_KOREAN_STUDIES = {
    "main": "기본 모델(main)",
    "batch_size": "배치 크기(batch_size)",
    "activation": "활성화 함수(activation)",
    "optimizer": "최적화 기법(optimizer)",
    "layers": "층 구성(layers)",
    "dropout": "드롭아웃(dropout)",
    "final": "통합 모델(final)",
    "optimizer_search": "최적화 기법 탐색(optimizer_search)",
    "optimizer_tuned": "조율한 최적화 기법(optimizer_tuned)",
    "activation_search": "활성화 함수 탐색(activation_search)",
    "activation_tuned": "조율한 활성화 함수(activation_tuned)",
    "adhoc": "개별 실험(adhoc)",
}


@dataclass(frozen=True)
class Words:
    """All texts of one page; `language` is en or ko."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """The text of this key, with the values in it."""
        return texts.TEXTS[key][LANGUAGES.index(self.language)].format(**values)

    def emotion(self, name: str) -> str:
        """A class with its gloss, e.g. happy."""
        return name if self.language == "en" else f"{texts.EMOTIONS[name]}({name})"

    def study(self, name: str) -> str:
        """A study with its gloss, e.g. activation."""
        return name if self.language == "en" else _KOREAN_STUDIES.get(name, name)

    def machine(self, text: str) -> str:
        """What a table says of itself."""
        return text if self.language == "en" else phrases.korean(text)

    def sheet(self, table: Table, lead: str = "") -> Sheet:
        """A table of the tool, as the page shows it; lead: the name of a first column without one."""
        header = [self.machine(name) or lead for name in table.header]
        rows = [[self.machine(cell) for cell in row] for row in table.rows]
        return Sheet(self.machine(table.title), header, rows, [self.machine(note) for note in table.notes])
