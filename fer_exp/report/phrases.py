"""What the tables say of themselves, in Korean: titles, column names, notes and verdicts.

The tables are made in English for every door; here their sentences are known by their form. What is not
known stays as it is, and a test holds the tables against this list.
"""

import re

# A cell or column name that is all of this.
_WHOLE = {
    "arm": "조건",
    "seeds": "시드 수",
    "train": "학습",
    "val": "검증",
    "test": "시험",
    "val macro-F1": "검증 macro-F1",
    "macro-F1": "macro-F1",
    "epoch": "에폭",
    "trials": "시행 수",
    "diverged": "발산",
    "best trial": "최고 시행",
    "learning rate": "학습률",
    "weight decay": "가중치 감쇠",
    "val loss": "검증 손실",
    "seconds": "초",
    "p (Holm)": "p (Holm 보정)",
    "verdict": "판정",
    "deck's val": "발표 자료 검증",
    "of the deck's": "발표 자료 값은",
    "base": "기준",
    "better": "더 높음",
    "worse": "더 낮음",
    "tie inside the noise": "잡음 범위 안의 무승부",
    "no two shared seeds: no test": "공통 시드가 둘 미만: 검정 없음",
    "open: it takes two seeds": "미정: 시드 두 개 필요",
    "reproduced": "재현됨",
    "not reproduced": "재현되지 않음",
    "choice": "선택",
    "deck train": "발표 자료 학습",
    "deck val": "발표 자료 검증",
    "deck test": "발표 자료 시험",
    "not run": "실행 안 됨",
    "MAIN": "MAIN(기본)",
    "Batch": "Batch(배치)",
    "Activation": "Activation(활성화)",
    "Optimizer": "Optimizer(최적화)",
    "Layer": "Layer(층)",
    "FINAL": "FINAL(통합)",
    "linear SVC": "linear SVC(선형 SVM)",
    "majority": "majority(최다 클래스)",
    "class prior": "class prior(클래스 비율)",
    "ridge": "ridge(능형 회귀)",
    "the deck concluded": "발표 자료의 결론",
    "the data, by validation accuracy": "검증 정확도로 본 결과",
    "the same, each arm tuned": "조건마다 조율했을 때",
    "ReLU is the best activation": "ReLU가 가장 좋은 활성화 함수입니다",
    "Adagrad is the optimizer to integrate": "통합 모형에는 Adagrad가 알맞습니다",
    "Tanh would be best with more epochs": "에폭을 늘리면 Tanh가 가장 좋을 것입니다",
    "a larger batch is not always better: the size does not matter": (
        "배치가 크다고 늘 좋지는 않습니다. 크기는 중요하지 않습니다"
    ),
    "more and wider layers over-fit": "층을 늘리고 넓히면 과적합됩니다",
    "the integrated model is better than the main model": "통합 모델이 기본 모델보다 낫습니다",
    "undecided: one seed": "미정: 시드 하나뿐",
    "not searched": "탐색하지 않음",
    "best: the lowest validation loss; the luckiest of so many flatters, so the tuned study trains it again "
    "by other seeds, and test stays shut until then": (
        "최고 시행은 검증 손실이 가장 낮은 시행입니다. 여럿 가운데 운이 좋았던 값이므로, 조율한 연구에서 "
        "다른 시드로 다시 학습하며 그때까지 시험 자료는 열지 않습니다"
    ),
    "the mean over all sets of so many of the arm's trials, each standing for its own best; intervals: "
    "bootstrap over trials, which knows no better trial than those seen": (
        "조건의 시행 가운데 그 수만큼 고른 모든 조합에서 최고 시행의 평균입니다. 구간은 시행에 대한 "
        "붓스트랩이며, 실제로 본 시행보다 나은 시행은 알지 못합니다"
    ),
    "a trial that diverged counts with the accuracy of answering the largest class": (
        "발산한 시행은 항상 가장 큰 클래스로 답할 때의 정확도로 셉니다"
    ),
    "explained": "설명됨",
    "in part": "일부 설명됨",
    "not explained": "설명되지 않음",
    "open": "미정",
    "a baseline is fitted on all of train; a network leaves out its validation faces": (
        "비교 기준은 학습 자료 전체로, 신경망은 검증 얼굴을 뺀 나머지로 학습했습니다"
    ),
}

_VERDICTS = {
    "supported in part": "일부 뒷받침됨",
    "supported": "뒷받침됨",
    "contradicted": "반박됨",
    "not shown, a tie": "확인되지 않음(무승부)",
}
_STATES = {
    "missing": "없음",
    "failed": "실패",
    "running": "실행 중",
    "killed": "중단됨",
    "scheduled": "예약됨",
}

# Sentences around names and numbers, in the order in which they are tried.
_FORMS = [
    (r" protocol\b", " 규칙"),
    (r"weights of the lowest validation loss", "검증 손실이 가장 낮은 가중치"),
    (r"weights of the last epoch", "마지막 에폭의 가중치"),
    (
        r"accuracy in %, mean ± half of the 95 % interval( over seeds)?$",
        "정확도(%), 시드 평균 ± 95 % 구간의 절반",
    ),
    (r"differences in points of validation accuracy", "검증 정확도 차이(%p)"),
    (r": the best trial of each arm, accuracy in %$", ": 조건별 최고 시행, 정확도(%)"),
    (
        r": expected validation accuracy in % of the best of so many trials \[95 % interval\]$",
        ": 시행 수에 따른 최고 시행의 기대 검증 정확도(%) [95 % 구간]",
    ),
    (
        r": the best has the (lowest|highest) learning rate of all trials: "
        r"a wider range may hold a better one$",
        lambda found: (
            f": 최고 시행의 학습률이 모든 시행 가운데 가장 {'낮음' if found[1] == 'lowest' else '높음'}. "
            "범위를 넓히면 더 나은 값이 있을 수 있음"
        ),
    ),
    (
        r": learning rate ([\d.e+-]+), weight decay ([\d.e+-]+) \(trial (\d+) of its search\)$",
        r": 학습률 \1, 가중치 감쇠 \2 (탐색의 시행 \3)",
    ),
    (r"^closing table", "마지막 표"),
    (r"^the deck's conclusions", "발표 자료의 결론"),
    (r"^test \((\w+)\)$", r"시험(\1)"),
    (r"train n = (\d+); validation n = (\d+)", r"학습 n = \1; 검증 n = \2"),
    (r"; test n = (\d+)", r"; 시험 n = \1"),
    (
        r"^test of fewer seeds: (.+)$",
        lambda found: "시험한 시드가 더 적은 조건: " + re.sub(r"(\d+) of (\d+)", r"\2개 중 \1개", found[1]),
    ),
    (
        r"test not opened yet: python evaluate.py study=\.\.\.",
        "시험 자료는 아직 열지 않음: python evaluate.py study=...",
    ),
    (
        r"^trained ([\d-]+)(?: to ([\d-]+))? in (.+) in all, at (.+)$",
        lambda found: (
            f"학습 {found[1]}{f'~{found[2]}' if found[2] else ''}, 모두 {_spent(found[3])}, "
            f"커밋 {found[4].replace('no commit', '없음')}"
        ),
    ),
    (
        r"^val: validation; test: the part (\w+); the deck printed the MAIN cell of val as test$",
        r"시험은 \1 부분입니다. 발표 자료는 MAIN의 검증 값을 시험이라고 적었습니다",
    ),
    (r"^always the largest class: ([\d.]+) of validation$", r"항상 가장 큰 클래스로 답할 때: 검증의 \1 %"),
    (r"^fitted once in ([\d.]+) s$", r"한 번 학습, \1초"),
    (r"^not fitted$", "아직 학습하지 않음"),
    (r"^(.+): (python evaluate\.py baseline=\w+) fits it$", r"\1 학습: \2"),
    (
        r"^baselines are fitted on all of train, once; the deck gave its linear SVC up after (\d+) minutes, "
        r"without a score$",
        r"비교 기준은 학습 자료 전체로 한 번 학습합니다. 발표 자료는 선형 SVC를 \1분 뒤에 "
        r"점수 없이 포기했습니다",
    ),
    (r"^not run: ", "실행 안 됨: "),
    (r"; printed as test, but of validation$", "; 시험이라 적혔지만 검증 값"),
    (r"^(not )?reproduced", lambda found: "재현되지 않음" if found[1] else "재현됨"),
    (r"^contradicted: better than (.+?) are (.+)$", r"반박됨: \1보다 높은 조건은 \2"),
    (
        r"^not shown: (.+) tie with (.+) inside the noise$",
        r"확인되지 않음: \2 대비 잡음 범위 안의 무승부: \1",
    ),
    (r"^supported: every other arm is worse than (.+)$", r"뒷받침됨: 다른 조건은 모두 \1보다 낮음"),
    (r"^contradicted: against (.+?) differ (.+)$", r"반박됨: \1 대비 차이가 있는 조건은 \2"),
    (
        r"^supported as far as (\d+) ties go, the widest (.+)$",
        r"무승부 \1건이 보여 주는 범위에서 뒷받침됨, 가장 큰 차이는 \2",
    ),
    (
        r"^(supported in part|supported|contradicted); against (.+?) ((?:worse|better|tie): .+)$",
        lambda found: f"{_VERDICTS[found[1]]}; {found[2]} 대비 {_listed(found[3])}",
    ),
    (
        r"^(not shown, a tie|supported|contradicted): (.+) against (.+?) ([+-][\d.]+ points.+)$",
        lambda found: f"{_VERDICTS[found[1]]}: {found[2]}, {found[3]} 대비 {found[4]}",
    ),
    (r"^against (.+)$", r"\1 대비"),
    (r"(?<=\d) points ", " %p "),
    (r": (missing|failed|running|killed|scheduled)$", lambda found: f": {_STATES[found[1]]}"),
]


def _spent(text: str) -> str:
    """`3.0 minutes of one core and 2.0 job-minutes of NVIDIA H200`, in Korean."""
    core = re.sub(r"([\d.]+) minutes of one core", r"코어 하나로 \1분", text)
    return re.sub(r"([\d.]+) job-minutes of (.+)", r"\2에서 작업 시간 \1분", core).replace(" and ", ", ")


def _listed(text: str) -> str:
    for english, korean in (("worse: ", "낮음: "), ("better: ", "높음: "), ("tie: ", "무승부: ")):
        text = text.replace(english, korean)
    return text


def korean(text: str) -> str:
    """A title, column name, note or cell of a table in Korean; as it is where its form is not known."""
    if text in _WHOLE:
        return _WHOLE[text]
    for form, said in _FORMS:
        text = re.sub(form, said, text)
    return text
