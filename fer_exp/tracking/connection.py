"""The way to a server of runs: whether anybody is there, and what means that nobody is."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

from fer_exp.errors import UserError
from fer_exp.provenance import without_login

# What a call to a server may raise when nobody answers, and when it refuses.
FAILURES = (MlflowException, requests.RequestException, OSError)

# The seconds that a server has to say that it is there.
_ANSWER = 5


class UnreachableError(UserError):
    """The server does not answer, or no longer."""

    def __init__(self, uri: str):
        super().__init__(
            f"tracking.uri={without_login(uri)}: no MLflow server answers there; start it, or "
            "keep the runs here: tracking.uri=sqlite:///mlflow.db"
        )


def is_server(uri: str) -> bool:
    """Whether a store of this address is reached over a network."""
    return uri.startswith(("http://", "https://"))


def reach(uri: str) -> None:
    """Return if a server is there; raises UnreachableError within seconds if not."""
    with answering(uri):
        http_request(get_default_host_creds(uri), "/health", "GET", timeout=_ANSWER, max_retries=0)


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
    return code in (408, 429) or code >= 500
