"""A run's network in a file that other programs run."""

import json

import numpy as np
import pytest
import torch
from helpers.refused import refusal
from torch import nn

from fer_exp import extras
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.inference import onnx_export
from fer_exp.models import factory, network
from fer_exp.models.network import logits
from fer_exp.tracking import registry


@pytest.fixture(scope="module")
def onnx():
    """The packages of the extra, or a skip that names them."""
    for name in ("onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason="the extra onnx is not installed")
    return pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def trained(trained):
    """The flags that point at a store, the record of the one run in it, and its classifier."""
    store, run_id = trained
    record = store.record(run_id)
    return ["--tracking-uri", store.uri], record, registry.load_classifier(record, store)


class Convolutional(nn.Module):
    """A network with all that an MLP lacks: statistics of each picture, convolutions, pooling."""

    def __init__(self):
        super().__init__()
        # where `network.logits` looks for the device
        self.register_buffer("shift", torch.zeros(1))
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.GELU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5)),
            nn.Linear(16, len(EMOTIONS)),
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pictures uint8 [B, 48, 48] -> logits float32 [B, 7]."""
        faces = pixels.float().unsqueeze(1)
        mean, deviation = faces.mean((2, 3), keepdim=True), faces.std((2, 3), keepdim=True)
        return self.layers((faces - mean) / (deviation + 1))


class NotExportable(Convolutional):
    """A network whose shape hangs on what it sees."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """As above, if the first pixel is bright."""
        return super().forward(pixels if pixels[0, 0, 0] > 7 else pixels[:1])


def export_to(path, trained, *arguments):
    """Type the command."""
    onnx_export.main(["--output", str(path), *arguments, *trained[0]])
    return path.read_bytes()


@pytest.mark.slow
@pytest.mark.xdist_group("export")
def test_a_file_answers_as_its_run_does(onnx, trained, tiny_faces, tmp_path, capsys):
    """ONNX Runtime gives the run's logits and labels, for any number of pictures, without dropout."""
    model = export_to(tmp_path / "a.onnx", trained)
    flags, record, classifier = trained
    del flags
    expected = network.logits(classifier.network, tiny_faces.pixels)
    for n in (1, 3, len(tiny_faces)):
        found = onnx_export.logits(model, tiny_faces.pixels[:n])
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected[:n], rtol=0, atol=1e-4)
        names = np.array(EMOTIONS)[found.argmax(axis=1)]
        np.testing.assert_array_equal(names, classifier.predict(tiny_faces.pixels[:n]))
    assert np.ptp(expected, axis=0).max() > 0.01
    assert record.run_id in capsys.readouterr().out
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)


@pytest.mark.slow
@pytest.mark.xdist_group("export")
@pytest.mark.usefixtures("onnx")
def test_a_file_says_where_it_comes_from(trained, tmp_path):
    """Whoever has the file alone knows its classes, its run, its faces and how its weights were chosen."""
    model = export_to(tmp_path / "a.onnx", trained, "--quantise")
    told = onnx_export.session(model).get_modelmeta().custom_metadata_map
    record = trained[1]
    assert json.loads(told["classes"]) == list(EMOTIONS)
    assert (told["run"], told["faces"]) == (record.run_id, record.tags["faces"])
    assert (told["protocol"], told["selected_on"]) == ("honest", "lowest validation loss")
    [put] = onnx_export.session(model).get_inputs()
    assert (put.name, put.type, put.shape[1:]) == ("pictures", "tensor(uint8)", [48, 48])
    assert isinstance(put.shape[0], str)


@pytest.mark.slow
@pytest.mark.xdist_group("export")
@pytest.mark.usefixtures("onnx")
@pytest.mark.parametrize("kind", ["mlp", "convolutional"])
def test_a_quantised_file_is_a_quarter_and_nearly_agrees(compose_settings, tiny_faces, kind):
    """Rounded to bytes, the weights change no logit by more than a few hundredths of their range."""
    torch.manual_seed(0)
    network = Convolutional()
    if kind == "mlp":
        chosen = ("layers=512-256", "model.dropout=0.5", "model.normalisation=standardised")
        network = factory.build(compose_settings(*chosen).model, 0, tiny_faces.pixels)
    whole = onnx_export.exported(network, {})
    small = onnx_export.quantised(whole)
    expected = logits(network, tiny_faces.pixels)
    np.testing.assert_allclose(onnx_export.logits(whole, tiny_faces.pixels), expected, rtol=0, atol=1e-4)
    assert np.abs(onnx_export.logits(small, tiny_faces.pixels) - expected).max() < 0.05 * np.ptp(expected)
    if kind == "mlp":
        assert len(small) < 0.3 * len(whole)


@pytest.mark.slow
@pytest.mark.xdist_group("export")
@pytest.mark.usefixtures("onnx")
def test_a_network_that_onnx_cannot_hold_is_refused_in_one_line():
    """An activation of the user's own may branch on what it sees."""
    with pytest.raises(UserError, match=r"^ONNX cannot hold this network: .") as refused:
        onnx_export.exported(NotExportable(), {})
    assert len(str(refused.value)) < 300


@pytest.mark.slow
@pytest.mark.xdist_group("export")
@pytest.mark.usefixtures("onnx")
def test_a_wrong_export_is_never_written(trained, tmp_path, monkeypatch, capsys):
    """The file must agree with the run before it takes its place, and what lay there stays."""
    (tmp_path / "a.onnx").write_bytes(b"old")
    right = network.logits
    monkeypatch.setattr(network, "logits", lambda *arguments: right(*arguments) + 0.001)
    line = refusal(capsys, onnx_export.main, "--output", tmp_path / "a.onnx", *trained[0])
    assert "logits differ by 0.001 from the run's" in line
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]
    assert (tmp_path / "a.onnx").read_bytes() == b"old"


def test_an_unknown_run_ends_in_one_line(trained, monkeypatch, capsys):
    """As everywhere."""
    monkeypatch.setattr(extras, "lack", lambda _: None)
    said = refusal(capsys, onnx_export.main, "--run", "nobody", *trained[0])
    assert said.startswith("error: run nobody: there is no such run in sqlite:///")


def test_an_exported_file_needs_a_place(trained, monkeypatch, capsys, tmp_path):
    """A folder that is not there is named; nothing is made."""
    monkeypatch.setattr(extras, "lack", lambda _: None)
    monkeypatch.setattr(onnx_export, "exported", lambda *_: b"model")
    place = tmp_path / "no" / "a.onnx"
    said = refusal(capsys, onnx_export.main, "--output", place, *trained[0])
    assert said == f"error: {place}: cannot be written (No such file or directory)"
    assert not list(tmp_path.iterdir())
