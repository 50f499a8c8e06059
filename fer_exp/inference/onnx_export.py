"""Export: `python -m fer_exp export --run best` writes a network for other programs.

The file takes raw grey pictures uint8 [N, 48, 48] and gives logits float32 [N, 7]: normalisation lies
inside, as in the checkpoint. Its metadata says the classes in their order, the run, its faces and how its
weights were chosen. Before anything is written, it must answer as the run itself does.
"""

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from fer_exp import console, extras, files, tracking
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS, SIDE
from fer_exp.inference import for_photos, predict
from fer_exp.models import network as networks
from fer_exp.models.network import Network
from fer_exp.tracking import registry
from fer_exp.tracking.keys import Tag

if TYPE_CHECKING:
    import onnxruntime

PICTURES, LOGITS = "pictures", "logits"

# Largest difference of a logit to the run's own, absolute or relative: float32 in another order of sums.
TOLERANCE = 1e-4


def require_packages() -> None:
    """Raise UserError if what exports, quantises or runs a model is not installed."""
    extras.need("onnx", "export", "onnx", "onnxruntime", "onnxscript")


def described(record: tracking.Record) -> dict[str, str]:
    """What a file must say of the run that it came from, as texts."""
    told = {"classes": json.dumps(EMOTIONS), "run": record.run_id, "name": record.name}
    return told | {key: record.tags[key] for key in (Tag.FACES, Tag.PROTOCOL, Tag.SELECTED_ON)}


def exported(network: Network, metadata: Mapping[str, str]) -> bytes:
    """A network of raw pictures as an ONNX file that answers alike; UserError if ONNX cannot hold it."""
    # two: of a single one PyTorch would take the number of pictures to be fixed
    example = torch.zeros(2, SIDE, SIDE, dtype=torch.uint8)
    # it tells of packages that we do not use
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # PyTorch's exporter against PyTorch itself
        warnings.simplefilter("ignore", FutureWarning)
        try:
            program = torch.onnx.export(
                network.eval(),
                (example,),
                input_names=[PICTURES],
                output_names=[LOGITS],
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("N")},),
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            reason = console.one_line(error.__cause__ or error)
            raise UserError(f"ONNX cannot hold this network: {reason[:200]}") from error
    assert program is not None, "dynamo=True gives a program"
    proto = program.model_proto
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=value)
    model = proto.SerializeToString()
    _check(model, network)
    return model


def _check(model: bytes, network: Network) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE), dtype=np.uint8)
    # one and several, since the number of pictures is open
    for some in (pictures[:1], pictures):
        found, expected = logits(model, some), networks.logits(network, some)
        if not np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):
            apart = np.abs(found - expected).max()
            raise UserError(
                f"the exported network's logits differ by {apart:.2g} from the run's: try other versions of "
                "PyTorch, onnxscript and ONNX Runtime"
            )


def quantised(model: bytes) -> bytes:
    """The model with weights of a byte each; what flows between layers is quantised as it comes."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with files.failing_in_one_line("a temporary file"), files.scratch() as folder:
        prepared, small = folder / "prepared.onnx", folder / "int8.onnx"
        quant_pre_process(onnx.load_from_string(model), prepared)
        # 7 bits: a processor without VNNI adds products in pairs to 16 bits, where those of 8 bits saturate
        quantize_dynamic(prepared, small, weight_type=QuantType.QInt8, reduce_range=True)
        return small.read_bytes()


def session(model: bytes) -> "onnxruntime.InferenceSession":
    """What runs a model, on one thread of the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def logits(model: bytes, pictures: np.ndarray) -> np.ndarray:
    """What an exported model gives, float32 [N, 7], for pictures uint8 [N, 48, 48]."""
    return session(model).run([LOGITS], {PICTURES: pictures})[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the network of a run, and say what the file holds."""
    parser = console.Options("export", __doc__)
    parser.add_argument("--run", default="latest", help=for_photos.HELP)
    parser.add_argument("--output", default="model.onnx", type=console.path, help="(default: model.onnx)")
    parser.add_argument("--quantise", action="store_true", help="weights of 8 bits: a quarter of the size")
    console.takes_store(parser)
    args = parser.parse_args(arguments)
    require_packages()
    store = tracking.existing_store(args.tracking_uri, args.experiment)
    record = store.find(args.run, photos=True)
    model = exported(registry.load_classifier(record, store).network, described(record))
    if args.quantise:
        model = quantised(model)
    files.write(args.output, model)
    for_photos.warn(record)
    print(predict.describe(record))
    print(f"{args.output}: {len(model):,} bytes; {PICTURES} uint8 [N, {SIDE}, {SIDE}] in, {LOGITS} out")
