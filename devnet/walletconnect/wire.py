"""The bytes of WalletConnect v2: keys, tokens, envelopes, URIs and ids, written from the protocol and nothing else.

Nothing here is shared with the Swift sources. Two independent hands have to agree for a test to pass.
"""

import base64
import hashlib
import json
import os
import threading
import time
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BYTES = 32
TOKEN_LIFETIME_SECONDS = 86_400
SESSION_LIFETIME_SECONDS = 604_800
PROPOSAL_LIFETIME_SECONDS = 300

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

# Request tag, seconds to live, and whether the wallet's user should be woken.
METHODS = {
    "wc_pairingDelete": (1000, 86_400, False),
    "wc_pairingPing": (1002, 30, False),
    "wc_sessionPropose": (1100, 300, True),
    "wc_sessionSettle": (1102, 300, False),
    "wc_sessionUpdate": (1104, 86_400, False),
    "wc_sessionExtend": (1106, 86_400, False),
    "wc_sessionRequest": (1108, 900, True),
    "wc_sessionEvent": (1110, 300, True),
    "wc_sessionDelete": (1112, 86_400, False),
    "wc_sessionPing": (1114, 86_400, False),
    "wc_sessionAuthenticate": (1116, 3_600, True),
}


def compact(value):
    """JSON as every client writes it: no space after the brace, which one of them insists on."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def sha256_hex(data):
    return hashlib.sha256(data).hexdigest()


def base58(data):
    number = int.from_bytes(data, "big")
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def follow_parent():
    """Ends this process soon after the one that started it, however that one ended.

    The end of standard input does not tell: sisters of this process may hold its other end.
    """
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class PayloadIDs:
    """Rising 16-digit ids, below 2^53: milliseconds and three digits."""

    def __init__(self):
        self.last = 0

    def next(self):
        self.last = max(self.last + 1, time.time_ns() // 1_000_000 * 1_000)
        return self.last


class Identity:
    """Who a client is for the relay: an Ed25519 key, named by a did:key."""

    def __init__(self, seed=None):
        self.key = Ed25519PrivateKey.from_private_bytes(seed or os.urandom(KEY_BYTES))
        self.client_id = "did:key:z" + base58(b"\xed\x01" + self.key.public_key().public_bytes_raw())

    def token(self, audience, issued_at=None, lifetime=TOKEN_LIFETIME_SECONDS, header=None, claims=None):
        issued_at = int(time.time()) if issued_at is None else issued_at
        body = {
            "iss": self.client_id,
            "sub": os.urandom(KEY_BYTES).hex(),
            "aud": audience,
            "iat": issued_at,
            "exp": issued_at + lifetime,
        } | (claims or {})
        header = header or {"alg": "EdDSA", "typ": "JWT"}
        signed = base64url(compact(header).encode()) + "." + base64url(compact(body).encode())
        return signed + "." + base64url(self.key.sign(signed.encode()))

    def subscription_id(self, topic):
        """The id a JavaScript client computes for itself and sends in irn_unsubscribe."""
        return sha256_hex((topic + self.client_id).encode())


class Agreement:
    """One X25519 key pair of a proposal or an approval."""

    def __init__(self, private=None):
        self.private = X25519PrivateKey.from_private_bytes(private or os.urandom(KEY_BYTES))
        self.public = self.private.public_key().public_bytes_raw().hex()

    def shared(self, peer_hex):
        secret = self.private.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(peer_hex)))
        return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=None).derive(secret)


def topic_of(key):
    return sha256_hex(key)


def seal(key, plaintext, sender_hex=None):
    """An envelope of type 0, or of type 1 when a sender's public key is given."""
    nonce = os.urandom(NONCE_BYTES)
    head = b"\0" if sender_hex is None else b"\1" + bytes.fromhex(sender_hex)
    return head + nonce + ChaCha20Poly1305(key).encrypt(nonce, plaintext.encode(), None)


def armour(envelope, alphabet="standard", padded=True):
    """Base64 as one of the clients writes it."""
    encode = base64.urlsafe_b64encode if alphabet == "url" else base64.b64encode
    text = encode(envelope).decode()
    return text if padded else text.rstrip("=")


def disarm(text):
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def unseal(text, key, agreement=None):
    """The plaintext, and for type 1 the key it was sealed with: the one of the session that follows."""
    envelope = disarm(text)
    kind, start = envelope[0], 1
    if kind == 1:
        key, start = agreement.shared(envelope[1 : 1 + KEY_BYTES].hex()), 1 + KEY_BYTES
    elif kind != 0:
        raise ValueError(f"envelope type {kind}")
    nonce, sealed = envelope[start : start + NONCE_BYTES], envelope[start + NONCE_BYTES :]
    return ChaCha20Poly1305(key).decrypt(nonce, sealed, None).decode(), (key if kind == 1 else None)


def pairing_uri(key, expiry=None, methods=None):
    parts = []
    if expiry is not None:
        parts.append(f"expiryTimestamp={expiry}")
    if methods:
        parts.append("methods=" + "%2C".join(methods))
    parts += ["relay-protocol=irn", f"symKey={key.hex()}"]
    return f"wc:{topic_of(key)}@2?" + "&".join(parts)


def parse_uri(text):
    """Topic and key of a pairing URI."""
    parts = urlsplit(text)
    topic, _, version = parts.path.partition("@")
    key = bytes.fromhex(parse_qs(parts.query)["symKey"][0])
    if parts.scheme != "wc" or version != "2" or topic_of(key) != topic:
        raise ValueError("not a pairing URI of version 2")
    return topic, key


def is_beyond_javascript(number):
    """Whether a JavaScript reader takes the number for a BigInt: 17 digits and more."""
    return isinstance(number, int) and not isinstance(number, bool) and len(str(abs(number))) >= 17
