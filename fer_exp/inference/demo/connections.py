"""Connections to the demo page: the socket that takes them, and how long one may hold its place."""

import asyncio
import socket

from uvicorn.protocols.http.h11_impl import H11Protocol

from fer_exp.errors import UserError

HOST = "127.0.0.1"

# How long a request may take to arrive, and the picture that it sends.
SECONDS_TO_ARRIVE = 30


def listening(port: int) -> socket.socket:
    """A socket on 127.0.0.1 that takes connections already; 0 is any free port. Raises UserError."""
    bound = socket.socket()
    try:
        # a server that has just ended holds its port for a minute otherwise
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
        bound.listen(128)
    except (OSError, OverflowError) as error:
        bound.close()
        reason = error.strerror if isinstance(error, OSError) else "a port is 0 to 65535"
        raise UserError(f"--port {port}: cannot be used ({reason}); choose another") from None
    return bound


class Impatient(H11Protocol):
    """Closes a connection on which no request has come in time: idle ones would keep all others out.

    uvicorn closes one that says nothing after an answer, but waits for the rest of a request without end.
    """

    late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def _watch(self) -> None:
        """From here on a request must come, unless one is under way."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()
        elif self.late is None:
            self.late = self.loop.call_later(SECONDS_TO_ARRIVE, self.transport.close)

    def _forget(self) -> None:
        if self.late is not None:
            self.late.cancel()
            self.late = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)
