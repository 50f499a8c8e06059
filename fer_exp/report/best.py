"""The best run on each set of faces: its first layer as faces, and its gallery."""

from collections.abc import Callable

import numpy as np

from fer_exp.errors import UserError
from fer_exp.fer2013 import SIDE
from fer_exp.plots import charts
from fer_exp.report.blocks import Block, Gap, Picture, Section
from fer_exp.report.source import Source, image
from fer_exp.tracking import Record, artifacts, keys


def weights(source: Source) -> Section:
    """What the first layer of the best run looks for."""
    return _of_best(source, "weights", _weights)


def gallery(source: Source) -> Section:
    """Faces that the best run reads right and wrong."""
    return _of_best(source, "gallery", _gallery)


def _of_best(source: Source, key: str, show: Callable[[str, Record, Source], Block]) -> Section:
    found = filter(None, map(source.best, dict.fromkeys(study.faces for study in source.studies)))
    photos_first = sorted(found, key=lambda best: best[1].drawn)
    blocks = [show(study.name, run, source) for study, run in photos_first]
    return Section(source.words(key), blocks or [Gap(source.words("gap.store"))])


def _weights(study: str, run: Record, source: Source) -> Block:
    words = source.words
    try:
        layer = _first_layer(run, source)
    except UserError as error:
        return Gap(words("gap.weights", run=run.name, reason=error))
    units, norms = charts.strongest(layer)
    alt = words("weights.said", count=len(units), high=norms[0], low=norms[-1])
    facts = {
        "count": len(units),
        "run": run.name,
        "study": study,
        "data": run.data_name,
        "loss": run.metrics[keys.SELECTED_VAL_LOSS],
    }
    return source.draw(charts.first_layer(layer), alt, words("weights.caption", **facts))


def _first_layer(run: Record, source: Source) -> np.ndarray:
    """The weights [U, 2304] of the layer that sees the pixels; raises UserError where there is none."""
    # here, since PyTorch takes a second to import and no other part of a page needs it
    from fer_exp.tracking import registry

    weight = getattr(registry.load_classifier(run, source.store).network.layers[0], "weight", None)
    if weight is None or weight.shape[1:] != (SIDE**2,):
        raise UserError(f"run {run.run_id}: its first layer does not see all pixels at once")
    return np.asarray(weight.detach())


def _gallery(study: str, run: Record, source: Source) -> Block:
    words = source.words
    try:
        kept = source.store.run(run.run_id).fetch(artifacts.GALLERY_FIGURE)
        alt = words("gallery.said", right=run.metrics[keys.TEST_ACCURACY])
        picture = image(kept, alt)
    except UserError:
        return Gap(words("gap.gallery", run=run.name, command=source.evaluate_command(run)))
    return Picture(picture, words("gallery.caption", study=study, run=run.name), white=True, wide=True)
