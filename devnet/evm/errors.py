"""Errors as a client sees them: a JSON-RPC code, geth's own words, and revert data where there is some."""

from eth_abi import decode

SERVER_ERROR = -32000
INVALID_PARAMS = -32602
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INTERNAL_ERROR = -32603
PARSE_ERROR = -32700
LIMIT_EXCEEDED = -32005
UNKNOWN_BLOCK = -39001
REVERTED = 3

ERROR_STRING = bytes.fromhex("08c379a0")
PANIC = bytes.fromhex("4e487b71")
PANIC_REASONS = {
    0x01: "assert(false)",
    0x11: "arithmetic underflow or overflow",
    0x12: "division or modulo by zero",
    0x31: "out-of-bounds access of an empty array",
    0x32: "out-of-bounds access of an array or bytesN",
    0x41: "out of memory",
}


class RpcError(Exception):
    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


def refuse(message: str) -> RpcError:
    """The pool's and the node's own refusals all have the code -32000; only the words differ."""
    return RpcError(SERVER_ERROR, message)


def reverted(output: bytes) -> RpcError:
    """geth's answer to a reverted call: code 3, the reason in the message if it decodes, the bytes in `data`."""
    message = "execution reverted"
    try:
        if output[:4] == ERROR_STRING:
            message += ": " + decode(["string"], output[4:])[0]
        elif output[:4] == PANIC:
            code = decode(["uint256"], output[4:])[0]
            message += ": " + PANIC_REASONS.get(code, f"unknown panic code: {code:#x}")
    except Exception:  # A contract may return anything after the selector; the data says it all.
        pass
    return RpcError(REVERTED, message, "0x" + output.hex())
