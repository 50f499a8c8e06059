"""How a network stands to the taggers of FER+."""

import numpy as np
from numpy.typing import ArrayLike

from fer_exp.tracking import keys

# More votes than this for one answer are a clear majority of the ten.
CLEAR = 5


def scores(predicted: ArrayLike, labels: ArrayLike, counts: np.ndarray) -> dict[str, float]:
    """How a network stands to the taggers, as metrics `taggers/...`.

    predicted, labels: int [N]. counts: int64 [N, 10]; faces without votes are left out. `clear_accuracy`: on
    the faces for which more than `CLEAR` votes agree. `errors_shared`: the share of its errors that a tagger
    made too; `errors_of_most`: that more taggers made than gave any other answer, which can be none where
    they gave the labels. A figure of no faces is left out.
    """
    # a face whose row is not known has no votes
    told = counts.any(axis=1)
    answers, truth, counts = np.asarray(predicted)[told], np.asarray(labels)[told], counts[told]
    clear, wrong = counts.max(axis=1) > CLEAR, answers != truth
    for_answer = counts[np.arange(len(answers)), answers]
    most = (for_answer == counts.max(axis=1)) & ((counts == for_answer[:, None]).sum(axis=1) == 1)
    found = {"clear_n": float(clear.sum()), "errors_n": float(wrong.sum())}
    if clear.any():
        found["clear_accuracy"] = float((~wrong[clear]).mean())
    if wrong.any():
        found["errors_shared"] = float((for_answer[wrong] > 0).mean())
        found["errors_of_most"] = float(most[wrong].mean())
    return {keys.taggers(key): value for key, value in found.items()}
