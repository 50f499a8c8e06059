"""What MLflow is told, unless a user says otherwise; it reads some of it when it is imported."""

import os

GIVEN = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # else it prints two links for each run that ends at a server
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # A server that is gone costs an epoch seconds: what it does not take is kept. By itself MLflow tries each
    # call for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


def give() -> None:
    """Put into this process's environment what a user has not set."""
    os.environ.update(GIVEN | os.environ)


give()
