"""The funded accounts of a development chain. Their keys are PUBLIC: everyone has them, they must never hold money.

The first ten are those every Ethereum development node hands out, derived from the published test mnemonic, so that
wallets and tools already know them. The faucet lives on another branch, so that nobody else uses up its nonces.
"""

import hashlib
import hmac
from dataclasses import dataclass

from coincurve import PrivateKey as CurveKey
from eth_keys import keys

PUBLIC_TEST_MNEMONIC = "test test test test test test test test test test test junk"
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HARDENED = 1 << 31


@dataclass(frozen=True)
class Account:
    key: keys.PrivateKey
    address: bytes

    @property
    def checksum_address(self) -> str:
        return self.key.public_key.to_checksum_address()


def _child(secret: bytes, chain_code: bytes, index: int) -> tuple[bytes, bytes]:
    """One step of BIP-32 private derivation."""
    head = b"\0" + secret if index >= HARDENED else CurveKey(secret).public_key.format()
    digest = hmac.new(chain_code, head + index.to_bytes(4, "big"), hashlib.sha512).digest()
    child = (int.from_bytes(digest[:32], "big") + int.from_bytes(secret, "big")) % CURVE_ORDER
    return child.to_bytes(32, "big"), digest[32:]


def _account(path: tuple[int, ...]) -> Account:
    seed = hashlib.pbkdf2_hmac("sha512", PUBLIC_TEST_MNEMONIC.encode(), b"mnemonic", 2048)
    master = hmac.new(b"Bitcoin seed", seed, hashlib.sha512).digest()
    secret, chain_code = master[:32], master[32:]
    for index in path:
        secret, chain_code = _child(secret, chain_code, index)
    key = keys.PrivateKey(secret)
    return Account(key, key.public_key.to_canonical_address())


def dev_accounts(count: int) -> list[Account]:
    """m/44'/60'/0'/0/i, as Hardhat, Anvil and Ganache have it."""
    return [_account((44 + HARDENED, 60 + HARDENED, HARDENED, 0, index)) for index in range(count)]


def faucet_account() -> Account:
    """m/44'/60'/1'/0/0: pays `devnet_fund`, owns the token and the payout contract."""
    return _account((44 + HARDENED, 60 + HARDENED, 1 + HARDENED, 0, 0))
