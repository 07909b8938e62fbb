"""JSON-RPC 2.0 over HTTP/1.1: one thread for each connection, kept alive; batches; and faults on demand.

`devnet_setFaults` makes the server fail as providers do: answers that get lost after the work was done, limits,
slowness, pages of HTML. A wallet backend that survives these has met the worst of the real ones.
"""

import fnmatch
import json
import threading
import time
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .errors import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, RpcError

BODY_BYTES_MAX = 5 * 1024 * 1024
BATCH_MAX = 1000
FAULT_DELAY_SECONDS_MAX = 120
FAULT_METHOD = "devnet_setFaults"

Dispatch = Callable[[str, list], object]


class Faults:
    """Rules such as `{"method": "eth_send*", "times": 1, "after": true, "action": "drop"}`, the first match counts.

    `action`: "drop" closes the connection without an answer; "http" answers with `status` and `headers`; "error" with
    the JSON-RPC `error`; "garbage" with HTML; "delay" waits `delaySeconds` and goes on. With `after` the call is
    carried out first: the node has the transaction, and the client does not know it.
    """

    ACTIONS = ("drop", "http", "error", "garbage", "delay")

    def __init__(self) -> None:
        self._rules: list[dict] = []
        self._lock = threading.Lock()

    def replace(self, rules: object) -> None:
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise RpcError(INVALID_PARAMS, "expected a list of rules")
        if any(rule.get("action") not in self.ACTIONS for rule in rules):
            raise RpcError(INVALID_PARAMS, f"action is one of {', '.join(self.ACTIONS)}")
        with self._lock:
            self._rules = [{"times": 1, "method": "*", **rule} for rule in rules]

    def take(self, method: str) -> dict | None:
        with self._lock:
            for rule in self._rules:
                if rule["times"] > 0 and fnmatch.fnmatchcase(method, rule["method"]):
                    rule["times"] -= 1
                    return rule
        return None


class BrokenExchange(Exception):
    """The HTTP answer itself is to go wrong."""

    def __init__(self, rule: dict) -> None:
        super().__init__(rule["action"])
        self.rule = rule


def error_object(code: int, message: str, data: object = None) -> dict:
    return {"code": code, "message": message} | ({} if data is None else {"data": data})


class Dispatcher:
    """From a request's bytes to an answer's bytes, without HTTP."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch, self.faults = dispatch, Faults()

    def answer(self, body: bytes) -> bytes:
        try:
            request = json.loads(body)
        except (ValueError, RecursionError):
            return self._encode(self._failure(None, PARSE_ERROR, "parse error"))
        if not isinstance(request, list):
            return self._encode(self._one(request))
        if not request:
            return self._encode(self._failure(None, INVALID_REQUEST, "empty batch"))
        if len(request) > BATCH_MAX:
            return self._encode(self._failure(None, INVALID_REQUEST, "batch too large"))
        return self._encode([self._one(item) for item in request])

    @staticmethod
    def _encode(answer: object) -> bytes:
        return json.dumps(answer, separators=(",", ":")).encode()

    @staticmethod
    def _failure(identifier: object, code: int, message: str, data: object = None) -> dict:
        return {"jsonrpc": "2.0", "id": identifier, "error": error_object(code, message, data)}

    def _one(self, request: object) -> dict:
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return self._failure(None, INVALID_REQUEST, "invalid request")
        identifier, method, parameters = request.get("id"), request["method"], request.get("params") or []
        if not isinstance(parameters, list):
            return self._failure(identifier, INVALID_PARAMS, "non-array args")
        if method == FAULT_METHOD:
            return self._run(identifier, lambda: self.faults.replace(parameters[0] if parameters else []) or True)
        rule = self.faults.take(method)
        if rule is not None:
            broken = self._break(rule, identifier, method, parameters)
            if broken is not None:
                return broken
        return self._run(identifier, lambda: self._dispatch(method, parameters))

    def _break(self, rule: dict, identifier: object, method: str, parameters: list) -> dict | None:
        if rule.get("after"):
            self._run(identifier, lambda: self._dispatch(method, parameters))
        if rule["action"] == "delay":
            time.sleep(min(float(rule.get("delaySeconds", 1)), FAULT_DELAY_SECONDS_MAX))
            return None
        if rule["action"] == "error":
            return {"jsonrpc": "2.0", "id": identifier, "error": rule.get("error") or error_object(-32000, "injected")}
        raise BrokenExchange(rule)

    def _run(self, identifier: object, work: Callable[[], object]) -> dict:
        try:
            return {"jsonrpc": "2.0", "id": identifier, "result": work()}
        except RpcError as error:
            return self._failure(identifier, error.code, error.message, error.data)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            traceback.print_exc()
            return self._failure(identifier, INVALID_PARAMS, f"invalid params: {error}")
        except Exception as error:  # One bad request must not take the node down.
            traceback.print_exc()
            return self._failure(identifier, INTERNAL_ERROR, f"internal error: {type(error).__name__}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # Head and body leave in one packet.
    dispatcher: Dispatcher

    def log_message(self, *_: object) -> None:
        """Silent: thousands of requests a second would drown what matters."""

    def do_GET(self) -> None:
        if self.path == "/health":
            self._send(200, b'{"status":"ok"}')
        else:
            self._send(405, b'{"error":"JSON-RPC is POST only"}')

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.close_connection = True
            return self._send(411, b'{"error":"Content-Length is required"}')
        if int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            return self._send(413, b'{"error":"the request is too large"}')
        try:
            return self._send(200, self.dispatcher.answer(self.rfile.read(int(length))))
        except BrokenExchange as broken:
            return self._send_broken(broken.rule)

    def _send_broken(self, rule: dict) -> None:
        if rule["action"] == "drop":
            self.close_connection = True
        elif rule["action"] == "garbage":
            self._send(200, b"<html><body>502 Bad Gateway</body></html>", {"Content-Type": "text/html"})
        else:
            self._send(int(rule.get("status", 503)), b'{"error":"injected"}', rule.get("headers"))

    def _send(self, status: int, body: bytes, headers: dict | None = None) -> None:
        self.send_response_only(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True

    def __init__(self, host: str, port: int, dispatch: Dispatch) -> None:
        handler = type("BoundHandler", (Handler,), {"dispatcher": Dispatcher(dispatch)})
        super().__init__((host, port), handler)

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is not an event."""
