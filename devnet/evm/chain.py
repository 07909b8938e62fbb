"""Blocks and state: executes transactions with py-evm under Prague rules and keeps every block and every old state.

Only the execution of py-evm is used. Its chain classes would validate and import each block a second time, which a
chain with one honest miner does not need: sealing here is ten times faster and the hashes and roots are still real.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from eth._utils.address import generate_contract_address
from eth.abc import ComputationAPI, ReceiptAPI, SignedTransactionAPI, StateAPI
from eth.constants import BLANK_ROOT_HASH, EMPTY_SHA256, EMPTY_UNCLE_HASH
from eth.db.atomic import AtomicDB
from eth.exceptions import OutOfGas, Revert
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks import PragueVM
from eth.vm.forks.london.headers import calculate_expected_base_fee_per_gas
from eth.vm.forks.prague.blocks import PragueBlockHeader
from eth.vm.spoof import SpoofTransaction
from eth_utils import ValidationError, to_checksum_address

from .errors import RpcError, refuse, reverted
from .trie import ordered_root

State = PragueVM.get_state_class()
Transactions = PragueVM.get_transaction_builder()
COINBASE = bytes.fromhex("c0ffee") + bytes(17)
BLOCK_HASHES_REACHABLE = 256  # By the BLOCKHASH instruction.
# geth stops at 1.5 %. The first guess is 64/63 of what was used, so with 2 % it is good enough for large calls.
ESTIMATE_TOLERANCE = 0.02


@dataclass(frozen=True)
class Executed:
    """A transaction with what it did."""

    transaction: SignedTransactionAPI
    receipt: ReceiptAPI
    gas_used: int
    first_log_index: int
    contract_address: bytes | None


@dataclass(frozen=True)
class Block:
    header: PragueBlockHeader
    executed: list[Executed]
    hash: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hash", self.header.hash)

    @property
    def number(self) -> int:
        return self.header.block_number


@dataclass(frozen=True)
class Call:
    """A message for `eth_call` and `eth_estimateGas`."""

    sender: bytes
    to: bytes
    value: int
    data: bytes
    gas: int
    gas_price: int


class Chain:
    """The canonical chain as a list, and every block ever sealed by its hash."""

    def __init__(
        self, chain_id: int, gas_limit: int, base_fee: int, timestamp: int, balances: dict[bytes, int]
    ) -> None:
        self.chain_id, self.gas_limit = chain_id, gas_limit
        self._db = AtomicDB()
        self._latest_state: tuple[bytes, StateAPI] | None = None
        genesis = State(self._db, self._context(0, timestamp, base_fee, bytes(32), ()), BLANK_ROOT_HASH)
        for address, balance in balances.items():
            genesis.set_balance(address, balance)
        genesis.persist()
        header = self._header(None, genesis.state_root, timestamp, base_fee, bytes(32), [])
        self.blocks = [Block(header, [])]
        self.by_hash = {self.tip.hash: self.tip}
        self.located: dict[bytes, tuple[Block, int]] = {}

    @property
    def tip(self) -> Block:
        return self.blocks[-1]

    def next_base_fee(self, after: Block | None = None) -> int:
        return calculate_expected_base_fee_per_gas((after or self.tip).header)

    # State

    def state(self, block: Block | None = None) -> StateAPI:
        """The state after `block`, for reading. The one of the latest block is kept: most questions are about it."""
        block = block or self.tip
        if self._latest_state is None or self._latest_state[0] != block.hash:
            state = self._state_after(block, block.header.timestamp, block.header.base_fee_per_gas, bytes(32))
            if block is not self.tip:
                return state
            self._latest_state = (block.hash, state)
        return self._latest_state[1]

    def _state_after(self, block: Block, timestamp: int, base_fee: int, random: bytes) -> StateAPI:
        last = min(block.number + 1, len(self.blocks))
        recent = self.blocks[max(0, last - BLOCK_HASHES_REACHABLE) : last]
        hashes = (ancestor.hash for ancestor in reversed(recent))
        context = self._context(block.number + 1, timestamp, base_fee, random, hashes)
        return State(self._db, context, block.header.state_root)

    def _context(self, number: int, timestamp: int, base_fee: int, random: bytes, hashes: Iterable) -> ExecutionContext:
        return ExecutionContext(
            coinbase=COINBASE,
            timestamp=timestamp,
            block_number=number,
            difficulty=0,
            mix_hash=random,
            gas_limit=self.gas_limit,
            prev_hashes=hashes,
            chain_id=self.chain_id,
            base_fee_per_gas=base_fee,
            excess_blob_gas=0,
        )

    # Sealing

    def seal(
        self,
        candidates: Callable[[StateAPI, int], Iterable[SignedTransactionAPI]],
        timestamp: int,
        base_fee: int,
        random: bytes,
        rejected: Callable[[SignedTransactionAPI], None],
    ) -> Block:
        """Makes the next block of what `candidates(state, base fee)` yields; `rejected` hears of the invalid ones.

        The generator may look at the state between two transactions, since it is executed one by one.
        """
        state = self._state_after(self.tip, timestamp, base_fee, random)
        executed: list[Executed] = []
        gas_used = logs = 0
        for transaction in candidates(state, base_fee):
            if transaction.gas > self.gas_limit - gas_used:
                continue
            state.lock_changes()
            try:
                computation = state.apply_transaction(transaction)
            except ValidationError:  # Raised before anything of the state has changed.
                rejected(transaction)
                continue
            used = PragueVM.finalize_gas_used(transaction, computation)
            gas_used += used
            status = b"" if computation.is_error else b"\x01"
            receipt = transaction.make_receipt(status, gas_used, computation.get_log_entries())
            created = None if transaction.to else generate_contract_address(transaction.sender, transaction.nonce)
            executed.append(Executed(transaction, receipt, used, logs, created))
            logs += len(receipt.logs)
        state.persist()
        block = Block(self._header(self.tip, state.state_root, timestamp, base_fee, random, executed), executed)
        self.blocks.append(block)
        self.by_hash[block.hash] = block
        for index, item in enumerate(executed):
            self.located[item.transaction.hash] = (block, index)
        return block

    def _header(
        self, parent: Block | None, root: bytes, timestamp: int, base_fee: int, random: bytes, executed: list[Executed]
    ) -> PragueBlockHeader:
        bloom = 0
        for item in executed:
            bloom |= item.receipt.bloom
        return PragueBlockHeader(
            parent_hash=parent.hash if parent else bytes(32),
            uncles_hash=EMPTY_UNCLE_HASH,
            coinbase=COINBASE,
            state_root=root,
            transaction_root=ordered_root([item.transaction.encode() for item in executed]),
            receipt_root=ordered_root([item.receipt.encode() for item in executed]),
            bloom=bloom,
            difficulty=0,
            block_number=parent.number + 1 if parent else 0,
            gas_limit=self.gas_limit,
            gas_used=executed[-1].receipt.gas_used if executed else 0,
            timestamp=timestamp,
            extra_data=b"",
            mix_hash=random,
            nonce=bytes(8),
            base_fee_per_gas=base_fee,
            requests_hash=EMPTY_SHA256,
        )

    def truncate(self, head: Block, forget: bool) -> list[SignedTransactionAPI]:
        """Makes `head` the tip again and returns the transactions that are no longer in the chain, oldest first.

        Orphaned blocks can still be asked for by hash, as on a real node, unless they are to be forgotten.
        """
        removed = self.blocks[head.number + 1 :]
        del self.blocks[head.number + 1 :]
        orphaned = []
        for block in removed:
            if forget:
                del self.by_hash[block.hash]
            for item in block.executed:
                del self.located[item.transaction.hash]
                orphaned.append(item.transaction)
        return orphaned

    # Calls

    def execute(self, call: Call, block: Block) -> tuple[ComputationAPI, int]:
        """Runs a message on top of `block` and forgets its changes. Returns the computation and the gas it used."""
        # Without a price there is no base fee either, or the call could not be free.
        base_fee = self.next_base_fee(block) if call.gas_price else 0
        state = self._state_after(block, block.header.timestamp + 1, base_fee, block.hash)
        balance, cost = state.get_balance(call.sender), call.value + call.gas * call.gas_price
        if balance < cost:
            who = to_checksum_address(call.sender)
            raise refuse(f"insufficient funds for gas * price + value: address {who} have {balance} want {cost}")
        unsigned = Transactions.new_unsigned_dynamic_fee_transaction(
            chain_id=self.chain_id,
            nonce=state.get_nonce(call.sender),
            max_priority_fee_per_gas=0,
            max_fee_per_gas=call.gas_price,
            gas=call.gas,
            to=call.to,
            value=call.value,
            data=call.data,
            access_list=(),
        )
        transaction = SpoofTransaction(unsigned, from_=call.sender)
        needed = transaction.intrinsic_gas
        if call.gas < needed:
            raise refuse(f"err: intrinsic gas too low: have {call.gas}, want {needed} (supplied gas {call.gas})")
        try:
            computation = state.apply_transaction(transaction)
        except ValidationError as error:
            raise refuse(f"err: {error} (supplied gas {call.gas})") from error
        return computation, PragueVM.finalize_gas_used(transaction, computation)


def outcome(computation: ComputationAPI) -> bytes:
    """The output of a call, or the error a client of geth would see."""
    if not computation.is_error:
        return computation.output
    if isinstance(computation.error, Revert):
        raise reverted(computation.output)
    if isinstance(computation.error, OutOfGas):
        raise refuse("out of gas")
    raise refuse(type(computation.error).__name__)


def estimate_gas(chain: Chain, call: Call, block: Block) -> int:
    """The least gas with which the call succeeds, or a little more."""
    if not call.data and call.to and not chain.state(block).get_code(call.to) and call.gas >= 21_000:
        chain.execute(Call(**{**call.__dict__, "gas": 21_000}), block)
        return 21_000
    highest = call.gas

    def attempt(gas: int) -> tuple[ComputationAPI | None, int]:
        try:
            return chain.execute(Call(**{**call.__dict__, "gas": gas}), block)
        except RpcError:
            return None, gas

    computation, used = chain.execute(call, block)
    if computation.is_error:
        if isinstance(computation.error, OutOfGas):
            raise refuse(f"gas required exceeds allowance ({highest})")
        outcome(computation)
    low = used - 1
    # A contract may keep one part in 64 back from each inner call, and a refund is only given at the end.
    guess = (used + computation.get_gas_refund() + 2300) * 64 // 63
    while guess < highest:
        tried, _ = attempt(guess)
        if tried is not None and not tried.is_error:
            highest = guess
        else:
            low, guess = guess, guess + max(guess - low, guess // 64)
    while low + 1 < highest and (highest - low) / highest >= ESTIMATE_TOLERANCE:
        middle = min((low + highest) // 2, low * 2)
        tried, _ = attempt(middle)
        if tried is None or tried.is_error:
            low = middle
        else:
            highest = middle
    return highest
