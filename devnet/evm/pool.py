"""The pool of transactions that wait for a block: geth's rules and geth's words.

https://github.com/ethereum/go-ethereum/tree/master/core/txpool is what clients were written against.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from eth.abc import SignedTransactionAPI, StateAPI
from eth.constants import GAS_TX
from eth_utils import keccak

from .chain import Chain, Transactions
from .errors import refuse

TRANSACTION_BYTES_MAX = 131_072
INITCODE_BYTES_MAX = 49_152
REPLACEMENT_BUMP_PERCENT = 10
DELEGATION_PREFIX = bytes.fromhex("ef0100")
TYPES_ACCEPTED = (0, 1, 2, 4)
EIP155_V_MIN = 35


@dataclass
class Rules:
    tip_min: int = 1
    fee_cap_wei: int = 10**18  # Of one transaction, at the RPC border; 0 is no cap.
    transactions_max: int = 16_384
    queued_per_account_max: int = 4_096


def kind(transaction: SignedTransactionAPI) -> int:
    return getattr(transaction, "type_id", None) or 0


def decode(raw: bytes) -> SignedTransactionAPI:
    """A transaction from the wire, refused with geth's words if it is none."""
    if not raw:
        raise refuse("typed transaction too short")
    if len(raw) > TRANSACTION_BYTES_MAX:
        raise refuse(f"oversized data: transaction size {len(raw)}, limit {TRANSACTION_BYTES_MAX}")
    if raw[0] < 0xC0 and raw[0] not in TYPES_ACCEPTED[1:]:
        raise refuse("transaction type not supported")
    try:
        transaction = Transactions.decode(raw)
    except Exception as error:  # py-evm's decoders raise many kinds; to a client they are one.
        raise refuse(f"rlp: {error}") from error
    # An encoding with leading zeros or trailing bytes would have another hash here than where it was made.
    if transaction.hash != keccak(raw):
        raise refuse("rlp: non-canonical encoding")
    return transaction


def cost(transaction: SignedTransactionAPI) -> int:
    return transaction.value + transaction.gas * transaction.max_fee_per_gas


class Pool:
    def __init__(self, chain: Chain, rules: Rules) -> None:
        self._chain, self.rules = chain, rules
        self.by_sender: dict[bytes, dict[int, SignedTransactionAPI]] = {}
        self.by_hash: dict[bytes, SignedTransactionAPI] = {}
        # Kept up to date rather than summed and searched, since a sender may have thousands of transactions waiting.
        self._cost_by_sender: dict[bytes, int] = {}
        self._no_gap_below: dict[bytes, int] = {}

    def copy_content(self) -> dict[bytes, dict[int, SignedTransactionAPI]]:
        return {sender: dict(slots) for sender, slots in self.by_sender.items()}

    def replace_content(self, content: dict[bytes, dict[int, SignedTransactionAPI]]) -> None:
        self.by_sender, self.by_hash, self._cost_by_sender, self._no_gap_below = {}, {}, {}, {}
        for slots in content.values():
            for transaction in slots.values():
                self._keep(transaction)

    # Entering

    def add(self, transaction: SignedTransactionAPI) -> bytes:
        """Checks in geth's order and keeps the transaction, replacing one with the same nonce if it pays enough."""
        if transaction.hash in self.by_hash:
            raise refuse("already known")
        self._check_alone(transaction)
        self._check_against_state(transaction)
        sender = transaction.sender
        old = self.by_sender.get(sender, {}).get(transaction.nonce)
        if old is None and len(self.by_hash) >= self.rules.transactions_max:
            raise refuse("txpool is full")
        if old is not None:
            self._check_replacement(old, transaction)
            self.remove(old.hash)
        self._keep(transaction)
        return transaction.hash

    def requeue(self, transaction: SignedTransactionAPI) -> None:
        """Takes back a transaction of an orphaned block. It was valid once; the next block decides again."""
        if transaction.nonce not in self.by_sender.get(transaction.sender, {}):
            self._keep(transaction)

    def _keep(self, transaction: SignedTransactionAPI) -> None:
        self.by_sender.setdefault(transaction.sender, {})[transaction.nonce] = transaction
        self.by_hash[transaction.hash] = transaction
        self._cost_by_sender[transaction.sender] = self._cost_by_sender.get(transaction.sender, 0) + cost(transaction)

    def _check_alone(self, transaction: SignedTransactionAPI) -> None:
        fee_cap, tip_cap, gas = transaction.max_fee_per_gas, transaction.max_priority_fee_per_gas, transaction.gas
        if self.rules.fee_cap_wei and fee_cap * gas > self.rules.fee_cap_wei:
            fee, cap = fee_cap * gas / 1e18, self.rules.fee_cap_wei / 1e18
            raise refuse(f"tx fee ({fee:.2f} ether) exceeds the configured cap ({cap:.2f} ether)")
        if kind(transaction) == 0 and transaction.v < EIP155_V_MIN:
            raise refuse("only replay-protected (EIP-155) transactions allowed over RPC")
        if transaction.chain_id != self._chain.chain_id:
            have, want = transaction.chain_id, self._chain.chain_id
            raise refuse(f"invalid sender: invalid chain id for signer: have {have} want {want}")
        if not transaction.to and len(transaction.data) > INITCODE_BYTES_MAX:
            raise refuse(f"max initcode size exceeded: code size {len(transaction.data)}, limit {INITCODE_BYTES_MAX}")
        if gas > self._chain.gas_limit:
            raise refuse("exceeds block gas limit")
        if tip_cap > fee_cap:
            raise refuse("max priority fee per gas higher than max fee per gas")
        if kind(transaction) == 4 and not transaction.authorization_list:
            raise refuse("set code tx must have at least one authorization tuple")
        needed = transaction.intrinsic_gas
        if gas < needed:
            raise refuse(f"intrinsic gas too low: gas {gas}, minimum needed {needed}")
        zeros = transaction.data.count(0)
        floor = GAS_TX + 10 * (zeros + 4 * (len(transaction.data) - zeros))  # EIP-7623
        if gas < floor:
            raise refuse(f"insufficient gas for floor data gas cost: gas {gas}, minimum needed {floor}")
        if tip_cap < self.rules.tip_min:
            raise refuse(f"transaction underpriced: gas tip cap {tip_cap}, minimum needed {self.rules.tip_min}")
        try:
            transaction.validate()
            transaction.sender  # noqa: B018  recovers the key, or fails
        except Exception as error:
            raise refuse("invalid sender") from error

    def _check_against_state(self, transaction: SignedTransactionAPI) -> None:
        state, sender = self._chain.state(), transaction.sender
        nonce, balance = state.get_nonce(sender), state.get_balance(sender)
        slots = self.by_sender.get(sender, {})
        if transaction.nonce < nonce:
            raise refuse(f"nonce too low: next nonce {nonce}, tx nonce {transaction.nonce}")
        code = state.get_code(sender)
        if code.startswith(DELEGATION_PREFIX):
            if transaction.nonce != nonce:
                raise refuse("gapped-nonce tx from delegated accounts")
            if any(other != transaction.nonce for other in slots):
                raise refuse("in-flight transaction limit reached for delegated accounts")
        words, own = "insufficient funds for gas * price + value", cost(transaction)
        if own > balance:
            raise refuse(f"{words}: balance {balance}, tx cost {own}, overshot {own - balance}")
        replaced = slots.get(transaction.nonce)
        spent = self._cost_by_sender.get(sender, 0) - (cost(replaced) if replaced else 0)
        if own + spent > balance:
            overshot = own + spent - balance
            raise refuse(f"{words}: balance {balance}, queued cost {spent}, tx cost {own}, overshot {overshot}")
        pending_nonce = self.pending_nonce(sender)
        waiting = len(slots) - (pending_nonce - nonce)
        if transaction.nonce > pending_nonce and waiting >= self.rules.queued_per_account_max:
            raise refuse("account limit exceeded: too many queued transactions")

    def _check_replacement(self, old: SignedTransactionAPI, new: SignedTransactionAPI) -> None:
        """Both fields must be raised; raising one of them is the mistake that keeps payouts stuck."""
        percent = 100 + REPLACEMENT_BUMP_PERCENT
        if (
            new.max_fee_per_gas * 100 < old.max_fee_per_gas * percent
            or new.max_priority_fee_per_gas * 100 < old.max_priority_fee_per_gas * percent
            or new.max_fee_per_gas <= old.max_fee_per_gas
            or new.max_priority_fee_per_gas <= old.max_priority_fee_per_gas
        ):
            raise refuse("replacement transaction underpriced")

    # Leaving

    def remove(self, transaction_hash: bytes) -> bool:
        transaction = self.by_hash.pop(transaction_hash, None)
        if transaction is None:
            return False
        sender = transaction.sender
        slots = self.by_sender[sender]
        del slots[transaction.nonce]
        self._cost_by_sender[sender] -= cost(transaction)
        self._no_gap_below[sender] = min(self._no_gap_below.get(sender, 0), transaction.nonce)
        if not slots:
            del self.by_sender[sender], self._cost_by_sender[sender], self._no_gap_below[sender]
        return True

    def drop_mined(self, transactions: list[SignedTransactionAPI]) -> None:
        """Forgets what the new block contains, and what lost its nonce to it."""
        for transaction in transactions:
            same_slot = self.by_sender.get(transaction.sender, {}).get(transaction.nonce)
            if same_slot is not None:
                self.remove(same_slot.hash)

    def drop_stale(self) -> None:
        """After the head has jumped: forgets everything whose nonce is used up."""
        self._no_gap_below.clear()
        state = self._chain.state()
        for sender, slots in list(self.by_sender.items()):
            nonce = state.get_nonce(sender)
            for stale in [item for slot, item in slots.items() if slot < nonce]:
                self.remove(stale.hash)

    # Reading

    def pending_nonce(self, sender: bytes) -> int:
        """The first nonce that is neither mined nor waiting without a gap."""
        mined = self._chain.state().get_nonce(sender)
        slots = self.by_sender.get(sender)
        if not slots:
            return mined
        nonce = max(mined, self._no_gap_below.get(sender, 0))
        while nonce in slots:
            nonce += 1
        self._no_gap_below[sender] = nonce
        return nonce

    def counts(self) -> tuple[int, int]:
        """How many could be mined by their nonce, and how many wait for a gap to be filled."""
        state = self._chain.state()
        pending = sum(self.pending_nonce(sender) - state.get_nonce(sender) for sender in self.by_sender)
        return pending, len(self.by_hash) - pending

    def best(self, state: StateAPI, base_fee: int) -> Iterator[SignedTransactionAPI]:
        """Best tip first, each sender in the order of nonces. A sender whose transaction was refused is left out."""

        def offer(sender: bytes) -> None:
            transaction = self.by_sender.get(sender, {}).get(state.get_nonce(sender))
            if transaction is not None and transaction.max_fee_per_gas >= base_fee:
                tip = min(transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas - base_fee)
                heapq.heappush(heap, (-tip, order[sender], transaction))

        heap: list[tuple[int, int, SignedTransactionAPI]] = []
        order = {sender: index for index, sender in enumerate(self.by_sender)}
        for sender in list(self.by_sender):
            offer(sender)
        while heap:
            transaction = heapq.heappop(heap)[2]
            yield transaction
            if state.get_nonce(transaction.sender) > transaction.nonce:
                offer(transaction.sender)
