"""The two contracts every development chain starts with, and the little ABI that the faucet needs."""

import json
import pathlib
from dataclasses import dataclass

from eth_abi import encode
from eth_utils import keccak

CONTRACTS = pathlib.Path(__file__).resolve().parent.parent / "contracts"

TOKEN_NAME, TOKEN_SYMBOL, TOKEN_DECIMALS = "Devnet Dollar", "DUSD", 6


@dataclass(frozen=True)
class Artefact:
    """A compiled contract, checked in by `devnet/contracts/compile.py`."""

    abi: list
    bytecode: bytes


def artefact(name: str) -> Artefact:
    content = json.loads((CONTRACTS / f"{name}.json").read_text())
    return Artefact(content["abi"], bytes.fromhex(content["bytecode"].removeprefix("0x")))


def token_creation() -> bytes:
    arguments = encode(["string", "string", "uint8"], [TOKEN_NAME, TOKEN_SYMBOL, TOKEN_DECIMALS])
    return artefact("token").bytecode + arguments


def payout_creation() -> bytes:
    return artefact("payout").bytecode


def calldata(signature: str, *values) -> bytes:
    """`calldata("mint(address,uint256)", to, 5)`."""
    inside = signature[signature.index("(") + 1 : -1]
    return keccak(text=signature)[:4] + encode(inside.split(",") if inside else [], values)
