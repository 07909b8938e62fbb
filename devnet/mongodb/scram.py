"""The server's side of SCRAM-SHA-256, RFC 5802 and RFC 7677, for one user."""

import base64
import hashlib
import hmac
import os

from .data import Refused

ROUNDS = 15_000


def _mac(secret: bytes, text: bytes) -> bytes:
    return hmac.digest(secret, text, "sha256")


class Scram:
    def __init__(self, user: str, password: str) -> None:
        self.user, self.password = user, password
        self.done = False
        # libmongoc takes no other length: a block of SHA-256 without the four bytes of a counter.
        self.salt = os.urandom(28)

    def step(self, command: dict) -> dict:
        payload = bytes(command["payload"]).decode()
        if "saslStart" in command:
            if command["mechanism"] != "SCRAM-SHA-256":
                raise Refused(334, "MechanismUnavailable", "only SCRAM-SHA-256")
            self.first = payload.split(",", 2)[2]
            fields = dict(field.split("=", 1) for field in self.first.split(","))
            self.name = fields["n"].replace("=2C", ",").replace("=3D", "=")
            self.nonce = fields["r"] + base64.b64encode(os.urandom(18)).decode()
            self.server_first = f"r={self.nonce},s={base64.b64encode(self.salt).decode()},i={ROUNDS}"
            return {"conversationId": 1, "done": False, "payload": self.server_first.encode()}
        if not payload:
            return {"conversationId": 1, "done": True, "payload": b""}
        without_proof, _, proof = payload.rpartition(",p=")
        fields = dict(field.split("=", 1) for field in without_proof.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), self.salt, ROUNDS)
        text = f"{self.first},{self.server_first},{without_proof}".encode()
        client = _mac(salted, b"Client Key")
        signature = _mac(hashlib.sha256(client).digest(), text)
        wanted = bytes(left ^ right for left, right in zip(client, signature))
        if self.name != self.user or fields["r"] != self.nonce or not hmac.compare_digest(
                wanted, base64.b64decode(proof)):
            raise Refused(18, "AuthenticationFailed", "Authentication failed.")
        self.done = True
        verifier = base64.b64encode(_mac(_mac(salted, b"Server Key"), text)).decode()
        return {"conversationId": 1, "done": True, "payload": f"v={verifier}".encode()}
