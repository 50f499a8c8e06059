"""Which faces a job uses, and which of them it fits on: the settings of `data` and `split`."""

from typing import Annotated, Literal

from pydantic import Field

from fer_exp.config.schema import Float, Int, Place, Seed, Text, checked


@checked
class SyntheticData:
    name: Literal["synthetic"]
    n_train: Annotated[Int, Field(ge=70, le=1_000_000)]
    n_test: Annotated[Int, Field(ge=14, le=1_000_000)]
    seed: Seed
    cache_dir: Place


@checked
class Fer2013Data:
    name: Literal["fer2013"]
    root: Place
    on_error: Literal["fail", "skip"]
    cache_dir: Place
    labels: Literal["fer2013", "ferplus"] = "fer2013"
    # the file of FER+'s votes
    ferplus: Place | None = None
    # the emotion of each number of a Parquet file's labels
    label_names: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None


Data = Annotated[SyntheticData | Fer2013Data, Field(discriminator="name")]


@checked
class Split:
    """How the faces to fit on and the faces to select by are drawn from train."""

    method: Literal["grouped", "random"]
    validation_fraction: Annotated[Float, Field(gt=0, lt=1)]
    seed: Annotated[Int, Field(ge=0)] = 0
    run: Annotated[Int, Field(ge=0)] | None = None
