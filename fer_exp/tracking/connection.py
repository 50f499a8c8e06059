"""The way to a server of runs: whether anybody is there, and what means that nobody is."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from mlflow.exceptions import MlflowException

from fer_exp import machine
from fer_exp.errors import UserError

# What a call to a server may raise when nobody answers, and when it refuses.
FAILURES = (MlflowException, requests.RequestException, OSError)

# The seconds that a server has to say that it is there.
_ANSWER = 5

# What a server says that is there but serves nobody, beside 5xx: it gave up waiting, or is asked too often.
_BUSY = (408, 429)


class UnreachableError(UserError):
    """The server does not answer, or no longer."""

    def __init__(self, uri: str):
        super().__init__(
            f"tracking.uri={uri}: no MLflow server answers there; start it, or "
            "keep the runs here: tracking.uri=sqlite:///mlflow.db"
        )


def is_server(uri: str) -> bool:
    """Whether a store of this address is reached over a network."""
    return uri.startswith(("http://", "https://"))


def reach(uri: str) -> None:
    """Return if a server is there; raises UnreachableError within seconds if not.

    No login is sent, since MLflow answers this question to everyone.
    """
    trusting = machine.variable("MLFLOW_TRACKING_INSECURE_TLS").lower() in ("true", "1")
    verify = machine.variable("MLFLOW_TRACKING_SERVER_CERT_PATH") or not trusting
    certificate = machine.variable("MLFLOW_TRACKING_CLIENT_CERT_PATH") or None
    with answering(uri):
        address = f"{uri.rstrip('/')}/health"
        answer = requests.get(address, timeout=_ANSWER, verify=verify, cert=certificate)
        # whoever refuses is there
        if _is_away(answer.status_code):
            answer.raise_for_status()


@contextmanager
def answering(uri: str) -> Iterator[None]:
    """Raise UnreachableError if a call inside finds that nobody answers at this address."""
    try:
        yield
    except FAILURES as error:
        if is_server(uri) and _nobody_answers(error):
            raise UnreachableError(uri) from error
        raise


def _nobody_answers(error: Exception) -> bool:
    """Whether it means that the server is gone, broken or busy, and not that it refuses."""
    if isinstance(error, MlflowException):
        code = error.get_http_status_code()
    elif isinstance(error, requests.HTTPError) and error.response is not None:
        code = error.response.status_code
    else:
        return isinstance(error, requests.RequestException | ConnectionError | TimeoutError)
    return _is_away(code)


def _is_away(code: int) -> bool:
    return code in _BUSY or code >= 500
