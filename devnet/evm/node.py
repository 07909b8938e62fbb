"""The node: chain, pool and miner as one thing under one lock, with what only a development chain can do.

Everything here is called with `lock` held; the server and the miner take it.
"""

import os
import threading
import time
from dataclasses import dataclass

from eth._utils.address import generate_contract_address
from eth.abc import SignedTransactionAPI

from . import contracts
from .accounts import Account, dev_accounts, faucet_account
from .chain import Block, Chain, Transactions
from .errors import INVALID_PARAMS, SERVER_ERROR, RpcError
from .pool import Pool, Rules

ETHER = 10**18
GWEI = 10**9
DEV_BALANCE_WEI = 10_000 * ETHER
FAUCET_BALANCE_WEI = 10**9 * ETHER
BLOCKS_PER_CALL_MAX = 10_000
MODES = ("automine", "interval", "manual")


@dataclass
class Options:
    chain_id: int = 31337
    gas_limit: int = 60_000_000
    base_fee_wei: int = GWEI
    tip_wei: int = GWEI
    accounts: int = 10
    mode: str = "interval"
    block_time_seconds: float = 1.0
    safe_lag: int | None = 1
    finalized_lag: int | None = 2


@dataclass
class Snapshot:
    head: Block
    pool: dict[bytes, dict[int, SignedTransactionAPI]]
    time_offset: int


class Node:
    def __init__(self, options: Options, rules: Rules) -> None:
        self.options, self.lock = options, threading.RLock()
        self.accounts, self.faucet = dev_accounts(options.accounts), faucet_account()
        balances = {account.address: DEV_BALANCE_WEI for account in self.accounts}
        balances[self.faucet.address] = FAUCET_BALANCE_WEI
        # In the past, so that the first blocks do not run ahead of the clock.
        now = int(time.time()) - 10
        self.chain = Chain(options.chain_id, options.gas_limit, options.base_fee_wei, now, balances)
        self.pool = Pool(self.chain, rules)
        self.time_offset = 0
        self.mining_changed = threading.Condition(self.lock)
        self._next_base_fee: int | None = None
        self._next_timestamp: int | None = None
        self._snapshots: dict[int, Snapshot] = {}
        self._snapshot_count = 0
        self.token = generate_contract_address(self.faucet.address, 0)
        self.payout = generate_contract_address(self.faucet.address, 1)
        self._from_faucet(b"", 0, contracts.token_creation())
        self._from_faucet(b"", 0, contracts.payout_creation())

    # Mining

    @property
    def next_base_fee(self) -> int:
        return self.chain.next_base_fee() if self._next_base_fee is None else self._next_base_fee

    def mine(self, count: int = 1, only: list[SignedTransactionAPI] | None = None) -> Block:
        """Seals `count` blocks from the pool; with `only`, one block of exactly these transactions."""
        if not 0 <= count <= BLOCKS_PER_CALL_MAX:
            raise RpcError(INVALID_PARAMS, f"between 0 and {BLOCKS_PER_CALL_MAX} blocks at a time")
        for _ in range(count):
            now = int(time.time()) + self.time_offset
            timestamp = max(self.chain.tip.header.timestamp + 1, self._next_timestamp or now)
            base_fee = self.next_base_fee
            block = self.chain.seal(
                self.pool.best if only is None else lambda *_: only,
                timestamp,
                base_fee,
                os.urandom(32),
                lambda transaction: self.pool.remove(transaction.hash),
            )
            self._next_base_fee = self._next_timestamp = None
            self.pool.drop_mined([item.transaction for item in block.executed])
        return self.chain.tip

    def submit(self, transaction: SignedTransactionAPI) -> bytes:
        transaction_hash = self.pool.add(transaction)
        if self.options.mode == "automine":
            self.mine()
        return transaction_hash

    def set_mining(self, mode: str, block_time_seconds: float | None = None) -> None:
        if mode not in MODES:
            raise RpcError(INVALID_PARAMS, f"mode is one of {', '.join(MODES)}")
        if block_time_seconds is not None and not 0.01 <= block_time_seconds <= 86_400:
            raise RpcError(INVALID_PARAMS, "blockTimeSeconds is between 0.01 and 86400")
        self.options.mode = mode
        self.options.block_time_seconds = block_time_seconds or self.options.block_time_seconds
        self.mining_changed.notify_all()

    def run_miner(self, stopping: threading.Event) -> None:
        """Seals a block at each tick while the mode is "interval". Ends when `stopping` is set and it is notified."""
        due = time.monotonic() + self.options.block_time_seconds
        with self.mining_changed:
            while not stopping.is_set():
                waits = self.options.mode != "interval"
                if self.mining_changed.wait(None if waits else max(0, due - time.monotonic())):
                    due = time.monotonic() + self.options.block_time_seconds
                elif self.options.mode == "interval":
                    self.mine()
                    # A slow block delays the next one; ticks are not made up for.
                    due = max(due + self.options.block_time_seconds, time.monotonic())

    # Money from nowhere

    def fund(self, to: bytes, amount: int) -> bytes:
        return self._from_faucet(to, amount, b"")

    def fund_token(self, to: bytes, amount: int) -> bytes:
        return self._from_faucet(self.token, 0, contracts.calldata("mint(address,uint256)", to, amount))

    def set_payout_operator(self, operator: bytes, allowed: bool) -> bytes:
        return self._from_faucet(self.payout, 0, contracts.calldata("setOperator(address,bool)", operator, allowed))

    def set_token_blocked(self, account: bytes, blocked: bool) -> bytes:
        return self._from_faucet(self.token, 0, contracts.calldata("setBlocked(address,bool)", account, blocked))

    def _from_faucet(self, to: bytes, value: int, data: bytes) -> bytes:
        """A real transaction in a block of its own, so that it is done on return in every mining mode."""
        gas = 3_000_000 if not to else 200_000
        transaction = self.sign(self.faucet, to, value, data, gas, self.chain.state().get_nonce(self.faucet.address))
        self.mine(only=[transaction])
        located = self.chain.located.get(transaction.hash)
        if located is None or not located[0].executed[located[1]].receipt.state_root:
            raise RpcError(SERVER_ERROR, "the faucet's transaction failed: is the amount too large?")
        return transaction.hash

    def sign(
        self,
        account: Account,
        to: bytes,
        value: int,
        data: bytes,
        gas: int,
        nonce: int,
        fees: tuple[int, int] | None = None,
    ) -> SignedTransactionAPI:
        fee_cap, tip = fees or (2 * self.next_base_fee + self.options.tip_wei, self.options.tip_wei)
        unsigned = Transactions.new_unsigned_dynamic_fee_transaction(
            chain_id=self.options.chain_id,
            nonce=nonce,
            max_priority_fee_per_gas=min(tip, fee_cap),
            max_fee_per_gas=fee_cap,
            gas=gas,
            to=to,
            value=value,
            data=data,
            access_list=(),
        )
        return unsigned.as_signed_transaction(account.key)

    # Things that go wrong on real chains

    def reorganise(
        self,
        depth: int,
        drop: set[bytes] = frozenset(),
        requeue: bool = True,
        blocks: int | None = None,
        include: list[SignedTransactionAPI] = (),
        mine_requeued: bool = True,
    ) -> list[bytes]:
        """Replaces the last `depth` blocks by `blocks` others (one more, if not said). Returns the orphaned hashes.

        The orphaned transactions go back to the pool, except those of `drop`, or none at all without `requeue`.
        `include` are mined instead, in the first new block; without `mine_requeued` the pool has to wait.
        """
        height = self.chain.tip.number
        if not 0 < depth <= height:
            raise RpcError(INVALID_PARAMS, f"depth is between 1 and the height, {height}")
        orphaned = self.chain.truncate(self.chain.blocks[height - depth], forget=False)
        self.pool.drop_stale()
        for transaction in orphaned:
            if requeue and transaction.hash not in drop:
                self.pool.requeue(transaction)
        for transaction_hash in drop:
            self.pool.remove(transaction_hash)
        remaining = depth + 1 if blocks is None else blocks
        if include and remaining:
            self.mine(only=list(include))
            self.pool.drop_stale()
            remaining -= 1
        for _ in range(remaining):
            self.mine(only=None if mine_requeued else [])
        if any(transaction.hash not in self.chain.located for transaction in include):
            raise RpcError(SERVER_ERROR, "an included transaction is not valid at that height; the rest is done")
        return [transaction.hash for transaction in orphaned]

    def snapshot(self) -> int:
        self._snapshot_count += 1
        self._snapshots[self._snapshot_count] = Snapshot(self.chain.tip, self.pool.copy_content(), self.time_offset)
        return self._snapshot_count

    def revert(self, identifier: int) -> bool:
        """Back to a snapshot, which is used up by it, as are the later ones. What was undone never happened."""
        snapshot = self._snapshots.get(identifier)
        blocks = self.chain.blocks
        # A reorganisation in between may have replaced the block that the snapshot was taken at.
        if snapshot is None or len(blocks) <= snapshot.head.number or blocks[snapshot.head.number] is not snapshot.head:
            return False
        self.chain.truncate(snapshot.head, forget=True)
        self.pool.replace_content(snapshot.pool)
        self.time_offset = snapshot.time_offset
        self._snapshots = {key: value for key, value in self._snapshots.items() if key < identifier}
        return True

    def set_next_base_fee(self, base_fee: int) -> None:
        self._next_base_fee = base_fee

    def set_next_timestamp(self, timestamp: int) -> None:
        if timestamp <= self.chain.tip.header.timestamp:
            raise RpcError(INVALID_PARAMS, "the timestamp is not after that of the latest block")
        self._next_timestamp = timestamp
