"""What people type reaches Hydra as it can read it."""

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import QuotedString
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_exp.config import overrides
from fer_exp.errors import UserError

CONF = Path(__file__).parents[3] / "conf"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("batch_size=64", "batch_size='64'"),
        ("batch_size=16,32,64", "batch_size='16','32','64'"),
        ("batch_size='16'", "batch_size='16'"),
        ('batch_size="16"', "batch_size='16'"),
        ("batch_size=48", "training.batch_size=48"),
        ("batch_size=16,48", "training.batch_size=16,48"),
        ("batch_size='16',32", "batch_size='16','32'"),
        ("batch_size=range(16,64,16)", "training.batch_size=range(16,64,16)"),
        ("activation=relu,tanh", "model/activation=relu,tanh"),
        ("optimizer=sgd", "optimizer=sgd"),
        ("-m", "-m"),
        ("--help", "--help"),
        ("batch_size", "batch_size"),
        ("training.batch_size=64", "training.batch_size=64"),
    ],
)
def test_overrides_as_people_write_them(typed, read):
    """A bare number reaches the group if it is an option, else the key behind it."""
    assert overrides.as_hydra_reads([typed], CONF) == [read]


_OWN = ("batch_size", "activation", "data.root", "resume", "run")
keys = st.text().filter(lambda text: text.partition("=")[0].lstrip("+") not in _OWN)


@given(st.lists(keys | st.builds("{}={}".format, keys, st.text())))
@settings(max_examples=50)
def test_anything_else_passes_unchanged(arguments):
    """Only the known keys are touched, and the order is kept."""
    assert overrides.as_hydra_reads(arguments, CONF) == arguments


TEXTS = st.one_of(st.text(min_size=1), st.text("ab'\\\\\", ,=~#()[]{}:.1e", min_size=1))


@pytest.mark.fault(
    "Bad settings: a path or a name of any letters",
    trials=2,
    expected="as it was typed, though Hydra's grammar has a use for them",
)
@pytest.mark.parametrize("key", ["data.root", "+run"])
@given(text=TEXTS.filter(lambda text: not overrides._OF_GRAMMAR.fullmatch(text)))
def test_a_text_of_any_letters_is_read_as_typed(key, text):
    """Such as `archive (1).zip`, `~/faces`, and the name of a run as it is printed: `nadam · seed 1`."""
    [read] = overrides.as_hydra_reads([f"{key}={text}"], CONF)
    value = OverridesParser.create().parse_override(read).value()
    assert (value.text if isinstance(value, QuotedString) else value) == text


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("data.root=faces/fer.zip", "data.root=faces/fer.zip"),
        ("data.root='my faces'", "data.root='my faces'"),
        ("data.root=${oc.env:FACES}/a b", "data.root=${oc.env:FACES}/a b"),
        ("run=choice(a,b)", "run=choice(a,b)"),
        ("resume=null", "resume=null"),
        ("resume=2013", "resume='2013'"),
        ("data.root=a,b c", "data.root=a,'b c'"),
    ],
)
def test_what_is_grammar_stays_grammar(typed, read):
    """Quotes, interpolations, functions and null; in a sweep a comma parts the values."""
    assert overrides.as_hydra_reads(["-m", typed], CONF) == ["-m", read]


def test_the_flag_of_a_sweep_may_stand_anywhere():
    """Hydra would call what follows it unrecognised; the rest keeps its order."""
    assert overrides.sweep_first(["seed=1,0", "-m", "a=b"]) == ["-m", "seed=1,0", "a=b"]


def test_another_script_has_other_short_names():
    """evaluate.py takes `study=` for a key of its own."""
    read = overrides.as_hydra_reads(["study=final", "activation=relu"], CONF, {"study": "of_study"})
    assert read == ["of_study=final", "activation=relu"]


@pytest.mark.fault(
    "Bad settings: endless numbers, brackets, no key, no option or a pickle on the command line",
    trials=10,
    expected="one line that names the key, before Hydra's parser ends in a traceback",
)
@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("seed=" + "9" * 5000, "seed: holds a number of more than 4,300 digits"),
        ("seed=1," + "9_" * 5000, "seed: holds a number"),
        ("model.hidden=" + "[" * 2000, "model.hidden: holds more than 50 brackets"),
        ("model.hidden=" + "[" * 2000 + "1" + "]" * 2000, "model.hidden: holds more than 50 brackets"),
        ("seed=" + "${x:" * 2000, "seed: holds more than 50 brackets"),
        ("=3", "'=3' names no setting; write seed=3, without spaces"),
        ("~=3", "'~=3' names no setting"),
        ("", "'' names no setting"),
        ("scheduler=null", "scheduler=null: choose one of cosine, none, plateau"),
        ("--experimental-rerun=a.pickle", "--experimental-rerun: a pickle may hold any code"),
    ],
)
def test_what_no_parser_takes_is_refused_by_key(argument, said):
    """In a line that does not repeat it."""
    with pytest.raises(UserError, match=said) as caught:
        overrides.refuse_unreadable(["-m", argument], CONF)
    assert len(str(caught.value)) < 100


def test_long_lists_are_no_endless_ones():
    """However many numbers and pairs of brackets they have."""
    numbers = "seed=" + ",".join(map(str, range(5000)))
    overrides.refuse_unreadable([numbers, "model.hidden=" + "[1]," * 500], CONF)


def raised_in(module):
    """What runs code of a module of this name that fails."""
    code = compile("def run(): {}['NOPE']", module, "exec")
    there = {"__name__": module}
    exec(code, there)
    return there["run"]


@pytest.mark.fault(
    "Bad settings: what Hydra refuses by a bare error of Python's",
    trials=2,
    expected="one line; an error of our own keeps its traceback",
)
@pytest.mark.parametrize(("module", "error"), [("hydra.core.utils", UserError), ("fer_exp.x", KeyError)])
def test_what_hydra_refuses_is_one_line(module, error):
    """As of `hydra.job.env_copy=[NOPE]`, or of two options that exclude each other."""
    with pytest.raises(error, match="NOPE"), overrides._hydras_own_mistakes(()):
        raised_in(module)()
