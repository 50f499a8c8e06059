"""What evaluate.py is told, and the baselines that are fitted on all of train."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from fer_exp.config.faces import Fer2013Data, SyntheticData
from fer_exp.config.schema import Float, Int, Place, Some, Text, checked
from fer_exp.config.settings import Tracking


@checked
class RunData:
    """The faces that a run was trained on, with its labels.

    The rest is where they are, if `cache_dir` does not hold them.
    """

    name: Literal["run"]
    root: Place | None
    cache_dir: Place
    ferplus: Place | None
    label_names: Some[Text] | None


# What is scored on.
TestData = Annotated[RunData | SyntheticData | Fer2013Data, Field(discriminator="name")]


@checked
class NoBaseline:
    name: Literal["none"]


@checked
class ConstantBaseline:
    """The same answer to every face, by the classes of train."""

    name: Literal["majority", "prior"]


@checked
class RidgeBaseline:
    """Ridge regression, on pixels or on histograms of gradients."""

    name: Literal["ridge", "hog_ridge"]
    alphas: Some[Annotated[Float, Field(gt=0, le=10**12)]]


@checked
class NearestBaseline:
    name: Literal["nearest"]
    neighbours: Annotated[Int, Field(ge=1, le=1000)]


@checked
class SVCBaseline:
    name: Literal["svc"]
    C: Annotated[Float, Field(gt=0, le=10**12)]
    solver: Literal["exact", "libsvm"]
    tol: Annotated[Float, Field(gt=0, lt=1)]


@checked
class RBFSVCBaseline:
    name: Literal["rbf_svc"]
    C: Annotated[Float, Field(gt=0, le=10**12)]


@checked
class ForestBaseline:
    name: Literal["forest"]
    trees: Annotated[Int, Field(ge=1, le=100_000)]
    seed: Annotated[Int, Field(ge=0, le=2**32 - 1)]


_Fitted = ConstantBaseline | RidgeBaseline | NearestBaseline | SVCBaseline | RBFSVCBaseline | ForestBaseline

Baseline = Annotated[_Fitted, Field(discriminator="name")]


@checked
class Evaluation:
    """What evaluate.py is told."""

    data: TestData
    baseline: Annotated[NoBaseline | _Fitted, Field(discriminator="name")]
    tracking: Tracking
    run: Text | None
    of_study: Text | None
    gallery: StrictBool
    device: Literal["cpu", "cuda"]
    mismatches: StrictBool
    ensembles: StrictBool
    verbose: StrictBool
    remember: StrictBool

    @property
    def root(self) -> str | None:
        """Where the faces are, if that is said."""
        return None if isinstance(self.data, SyntheticData) else self.data.root

    @property
    def votes(self) -> str | None:
        """The file of FER+'s votes, if one is named."""
        return None if isinstance(self.data, SyntheticData) else self.data.ferplus
