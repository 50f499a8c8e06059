"""What MLflow is told, unless a user says otherwise; it reads some of it when it is imported."""

from fer_exp import machine

GIVEN = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # else it prints two links for each run that ends at a server
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # A server that is gone costs an epoch seconds: what it does not take is kept. By itself MLflow tries each
    # call for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}

# This machine, as a server on it is called.
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def give() -> None:
    """Put into this process's environment what a user has not set."""
    for name, value in GIVEN.items():
        machine.give(name, machine.variable(name, value))
    # no proxy is to see what is said to a server of this machine, least of all a password
    name = "no_proxy" if machine.variable("no_proxy") else "NO_PROXY"
    known = machine.variable(name).split(",")
    machine.give(name, ",".join(filter(None, dict.fromkeys([*known, *_LOOPBACK]))))


give()
