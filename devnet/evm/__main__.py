"""Starts the EVM development chain: `python -m devnet.evm --help`."""

import argparse
import gc
import json
import os
import pathlib
import signal
import sys
import threading

if not __package__:  # Started by its path, from any working directory.
    sys.path[0] = str(pathlib.Path(__file__).resolve().parents[2])
    __package__ = "devnet.evm"
    import devnet.evm  # noqa: F401

from .node import GWEI, Node, Options  # noqa: E402
from .pool import Rules  # noqa: E402
from .rpc import Methods  # noqa: E402
from .server import Server  # noqa: E402

# 1,024 nested calls of about fifteen Python frames each, and a C stack that holds as many.
RECURSION_MAX = 16_384
THREAD_STACK_BYTES = 64 * 1024 * 1024


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="devnet.evm", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8545, help="0 takes a free one; see --ready-file")
    parser.add_argument("--ready-file", type=pathlib.Path, help="JSON is written here once requests are answered")
    parser.add_argument("--chain-id", type=int, default=31337)
    parser.add_argument("--accounts", type=int, default=10, help="funded accounts with public keys")
    mining = parser.add_mutually_exclusive_group()
    mining.add_argument("--block-time", type=float, default=1.0, metavar="SECONDS", help="a block at each interval")
    mining.add_argument("--automine", action="store_true", help="a block for each transaction")
    mining.add_argument("--manual", action="store_true", help="blocks only by evm_mine")
    parser.add_argument("--gas-limit", type=int, default=60_000_000)
    parser.add_argument("--base-fee", type=int, default=GWEI, metavar="WEI", help="of the first block")
    parser.add_argument("--tip", type=int, default=GWEI, metavar="WEI", help="suggested by eth_maxPriorityFeePerGas")
    parser.add_argument("--min-tip", type=int, default=1, metavar="WEI", help="the pool refuses less")
    parser.add_argument("--fee-cap", type=float, default=1.0, metavar="ETHER", help="of one transaction; 0 is none")
    parser.add_argument("--safe-lag", type=int, default=1, help="blocks from latest to safe")
    parser.add_argument("--finalized-lag", type=int, default=2, help="blocks from latest to finalized")
    parser.add_argument(
        "--parent-independent",
        action="store_true",
        help="leave the session of the starter (setsid), its hang-up and its pipes, so that the chain outlives it",
    )
    parser.add_argument("--log-file", type=pathlib.Path, help="output of a parent-independent chain; none by default")
    return parser.parse_args()


def write_ready_file(path: pathlib.Path, content: dict) -> None:
    """Appears at once and whole: who sees the file can read it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(content, indent=2) + "\n")
    partial.replace(path)


def leave_parent(log_file: pathlib.Path | None) -> None:
    """A new session, so that a signal to the starter's group does not arrive, and no pipe that can break."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if os.getsid(0) != os.getpid():
        # The leader of a process group can't have a session of its own; a child of it can. The ready file names the pid.
        if os.getpgrp() == os.getpid() and os.fork() != 0:
            os._exit(0)
        os.setsid()
    output = os.open(log_file or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    source = os.open(os.devnull, os.O_RDONLY)
    for target, descriptor in ((0, source), (1, output), (2, output)):
        os.dup2(descriptor, target)


def main() -> None:
    asked = arguments()
    if asked.parent_independent:
        leave_parent(asked.log_file)
    mode = "automine" if asked.automine else "manual" if asked.manual else "interval"
    options = Options(
        chain_id=asked.chain_id,
        gas_limit=asked.gas_limit,
        base_fee_wei=asked.base_fee,
        tip_wei=asked.tip,
        accounts=asked.accounts,
        mode=mode,
        block_time_seconds=asked.block_time,
        safe_lag=asked.safe_lag,
        finalized_lag=asked.finalized_lag,
    )
    node = Node(options, Rules(tip_min=asked.min_tip, fee_cap_wei=int(asked.fee_cap * 10**18)))
    methods = Methods(node)
    server = Server(asked.host, asked.port, methods)

    # py-evm lifts Python's recursion limit for the EVM's nested calls, so far that nested JSON overflows the stack.
    sys.setrecursionlimit(RECURSION_MAX)
    threading.stack_size(THREAD_STACK_BYTES)

    # What was loaded stays for ever; without this each full collection walks all of it.
    gc.collect()
    gc.freeze()

    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, name="server", daemon=True).start()
    threading.Thread(target=node.run_miner, args=(stopping,), name="miner", daemon=True).start()

    ready = {"rpc_url": server.url, "pid": os.getpid(), **methods.devnet_info([])}
    if asked.ready_file:
        write_ready_file(asked.ready_file, ready)
    print(f"EVM development chain {asked.chain_id} at {server.url}", flush=True)

    stopping.wait()
    # Not shutdown(): it waits for the next poll, and there is nothing to wait for.
    server.server_close()
    if asked.ready_file:
        asked.ready_file.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
