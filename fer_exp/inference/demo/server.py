"""The demo page over HTTP, for the browser of this machine alone.

A page of another site may send requests here too, from the same browser. So only our own name is
answered (else a foreign name could be pointed at this machine), nothing that comes from another
origin is read, and the page itself may load nothing from elsewhere.
"""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fer_exp import console
from fer_exp.errors import UserError
from fer_exp.fer2013 import EMOTIONS
from fer_exp.inference.demo import connections, samples
from fer_exp.inference.demo.answers import Answers, NoRunError

if TYPE_CHECKING:
    # older versions have none
    from fastapi.telemetry import TelemetryConfig

# How long answers that are under way may still take when the server is told to end.
SECONDS_TO_END = 1

# Requests that may be under way.
MOST_REQUESTS = 20

# A phone's photo has less; the page refuses more before it sends it.
MOST_BYTES = 10_000_000

LANGUAGES = ("en", "ko")

_SAFE = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


# With its exporter, FastAPI reports requests and errors to whatever machine the environment names.
_SILENT: "TelemetryConfig" = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


class Guard:
    """Refuses what does not come from the page itself, and sends the safe headers with every answer."""

    def __init__(self, app: ASGIApp, port: int):
        self.app, self.port = app, port
        self.hosts = {f"{name}:{port}" for name in (connections.HOST, "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                safe = [(name.encode(), value.encode()) for name, value in _SAFE.items()]
                message = {**message, "headers": [*message["headers"], *safe]}
            await send(message)

        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif reason := self._foreign(scope["method"], Headers(scope=scope)):
            await _refuse(403, reason)(scope, receive, send_safely)
        else:
            await self.app(scope, receive, send_safely)

    def _foreign(self, method: str, headers: Headers) -> str | None:
        if (host := headers.get("host")) not in self.hosts:
            return (
                f"this page answers only under its own address, http://127.0.0.1:{self.port} or "
                f"http://localhost:{self.port}: a tunnel to it needs the same port at both ends"
            )
        # only a browser tells the origin; other programs on this machine may ask without
        if method == "POST" and headers.get("origin", f"http://{host}") != f"http://{host}":
            return "this page takes pictures only from itself, not from other sites"
        return None


def _refuse(status: int, reason: str) -> JSONResponse:
    return JSONResponse({"error": " ".join(reason.split())}, status)


async def _body(request: Request) -> bytes:
    """The bytes that were sent; raises HTTPException as soon as they are too many, or late."""
    held = bytearray()
    if int(request.headers.get("content-length", 0)) <= MOST_BYTES:
        try:
            async with asyncio.timeout(connections.SECONDS_TO_ARRIVE):
                async for chunk in request.stream():
                    held += chunk
                    if len(held) > MOST_BYTES:
                        break
                else:
                    return bytes(held)
        except TimeoutError:
            late = f"the picture did not arrive in {connections.SECONDS_TO_ARRIVE} s"
            raise HTTPException(408, late) from None
    raise HTTPException(413, f"the picture has more than {MOST_BYTES // 1_000_000} MB; make it smaller")


def page(language: str) -> str:
    """The page's HTML in a language of `LANGUAGES`."""
    folder = resources.files("fer_exp.inference.demo")
    words = json.loads((folder / "page.json").read_text("utf-8"))
    spoken = {key: pair[LANGUAGES.index(language)] for key, pair in words.items()} | {"language": language}
    html = (folder / "page.html").read_text("utf-8")
    for key, text in spoken.items():
        html = html.replace(f"{{{{{key}}}}}", text)
    # a script element ends at the first `</`, wherever it stands
    return html.replace("{{words}}", json.dumps(spoken, ensure_ascii=False).replace("<", "\\u003c"))


def _add_pages(app: FastAPI) -> None:
    pages = {language: page(language) for language in LANGUAGES}

    @app.get("/")
    def show(lang: str = "en") -> Response:
        return Response(pages.get(lang, pages["en"]), media_type="text/html")

    @app.get("/samples/{emotion}.png")
    def sample(emotion: str) -> Response:
        if emotion not in EMOTIONS:
            raise HTTPException(404, f"there is no sample of {emotion[:20]}")
        return Response(samples.png(emotion), media_type="image/png")

    for kind, media_type in (("css", "text/css"), ("js", "text/javascript")):
        text = (resources.files("fer_exp.inference.demo") / f"page.{kind}").read_text("utf-8")
        app.add_route(f"/page.{kind}", _always(Response(text, media_type=media_type)))


def _always(answer: Response) -> Callable[[Request], Response]:
    return lambda _: answer


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    def refused(_: Request, error: HTTPException) -> Response:
        return _refuse(error.status_code, error.detail)

    @app.exception_handler(UserError)
    def mistaken(_: Request, error: UserError) -> Response:
        return _refuse(404 if isinstance(error, NoRunError) else 400, str(error))

    @app.exception_handler(ClientDisconnect)
    def gone(_: Request, error: ClientDisconnect) -> Response:
        # the page gives up on a picture when another is chosen
        return _refuse(400, str(error) or "the picture did not arrive whole")

    @app.exception_handler(Exception)
    def failed(_: Request, error: Exception) -> Response:
        # without the error's own words, which may be of the picture; its traceback shows if it is wanted
        failure = UserError(f"the server failed, with {type(error).__name__}")
        failure.__cause__ = error
        console.complain(failure)
        return _refuse(500, str(failure))


def build(answers: Answers, first: str, port: int) -> Guard:
    """The page's server for 127.0.0.1:port; first: the id of the run that the page shows first."""
    # FastAPI's own pages of documentation load scripts from elsewhere
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, telemetry=_SILENT)
    _add_pages(app)
    _add_errors(app)

    # a thread that has read a large picture keeps memory for the next, so one reads them all
    reader = ThreadPoolExecutor(1, "reader")

    @app.get("/runs")
    def runs() -> dict[str, Any]:
        return {"chosen": first, "runs": answers.runs(first)}

    @app.post("/predict")
    async def predict(request: Request) -> dict[str, Any]:
        data = await _body(request)
        wanted = request.query_params.get("run", "")
        return await asyncio.get_running_loop().run_in_executor(reader, answers.answer, wanted, data)

    return Guard(app, port)


def server(answers: Answers, first: str, port: int) -> uvicorn.Server:
    """What serves the page, to be run on a socket of this port; first: the id of the first run."""
    # neither addresses nor pictures belong in a log, and failures are told by `failed`
    return uvicorn.Server(
        uvicorn.Config(
            build(answers, first, port),
            http=connections.Impatient,
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=SECONDS_TO_END,
            limit_concurrency=MOST_REQUESTS,
            log_level="critical",
            access_log=False,
            server_header=False,
        )
    )
