"""compose.yaml as far as it can be tried without Docker: its versions, its secrets, its doors."""

import re
from pathlib import Path

import pytest
import yaml

from fer_exp.tracking.server import team

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(TEXT)["services"]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


def test_every_image_is_of_one_version():
    """No `latest`, and MLflow and its drivers are those of the lock."""
    built = SERVICES["mlflow"]["build"]["dockerfile_inline"]
    images = [service["image"] for service in SERVICES.values() if "image" in service]
    images += re.findall(r"^FROM (\S+)", built, flags=re.MULTILINE)
    assert len(images) == len(SERVICES)
    assert all(re.fullmatch(r"[a-z./]+:v?\d+\.\d+(\.\d+)?(-\w+)?", image) for image in images)
    pins = dict(re.findall(r'"(\w+)(?:\[\w+\])?==([\d.]+)"', built))
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert pins.keys() == {"mlflow", "psycopg", "boto3"}
    assert all(re.search(rf"^{name}=={version}\b", locked, re.MULTILINE) for name, version in pins.items())


def test_every_secret_comes_from_the_environment():
    """compose stops without it, by name; the example names all and holds none."""
    given = {key: value for service in SERVICES.values() for key, value in service["environment"].items()}
    secret = re.compile("PASSWORD|SECRET|ACCESS_KEY")
    assert [key for key in given if secret.search(key) and ":?" not in given[key]] == []
    needed = set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert {team.ADMIN_PASSWORD, team.SECRET_KEY} < needed
    named = dict(re.findall(r"^(\w+)=(.*)$", EXAMPLE, flags=re.MULTILINE))
    assert named.keys() == needed
    assert set(named.values()) == {""}
    assert "/.env\n" in (ROOT / ".gitignore").read_text(encoding="utf-8")


def test_only_this_machine_reaches_it():
    """And of its parts, the server alone."""
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "mlflow": ["127.0.0.1:5000:5000"]
    }


def test_it_keeps_what_it_was_given():
    """Each place that a service writes to is a named volume; each name that one calls is a service."""
    volumes = [place.split(":")[0] for service in SERVICES.values() for place in service["volumes"]]
    assert sorted(volumes) == sorted(yaml.safe_load(TEXT)["volumes"])
    called = re.findall(r"(?:@|http://)(\w+)[:/]", yaml.safe_dump(SERVICES["mlflow"]["environment"]))
    assert set(called) == {"runs", "files"} == set(SERVICES["mlflow"]["depends_on"])


@pytest.mark.slow
def test_its_bucket_is_made_once(monkeypatch):
    """The very words of its command, against moto's S3."""
    moto = pytest.importorskip("moto", reason="moto is not installed")
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
    [program] = re.findall(r'python -c "(.*?)"', SERVICES["mlflow"]["command"][2], flags=re.DOTALL)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with moto.mock_aws():
        for _ in range(2):
            exec(program, {})
        assert [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]] == ["runs"]
