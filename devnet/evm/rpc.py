"""The JSON-RPC methods: reads parameters strictly, asks the node, answers in geth's forms."""

from collections.abc import Callable

from eth_utils import to_checksum_address

from .chain import Block, Call, estimate_gas, outcome
from .contracts import TOKEN_DECIMALS, TOKEN_SYMBOL
from .errors import INVALID_PARAMS, LIMIT_EXCEEDED, METHOD_NOT_FOUND, UNKNOWN_BLOCK, RpcError, refuse
from .node import Node
from .pool import decode
from .views import block_view, data, effective_tip, log_views, pending_block_view, receipt_view, transaction_view, word

CLIENT_VERSION = "coffer-devnet/1.0.0/py-evm"
LOGS_MAX = 10_000
FEE_HISTORY_BLOCKS_MAX = 1024

# Reading parameters


def bad(index: int, what: str) -> RpcError:
    return RpcError(INVALID_PARAMS, f"invalid argument {index}: {what}")


def parameter(parameters: list, index: int, default: object = None) -> object:
    return parameters[index] if len(parameters) > index and parameters[index] is not None else default


def required(parameters: list, index: int) -> object:
    value = parameter(parameters, index)
    if value is None:
        raise RpcError(INVALID_PARAMS, f"missing value for required argument {index}")
    return value


def bytes_of(value: object, index: int = 0, length: int | None = None) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise bad(index, "expected a hex string with 0x prefix")
    try:
        decoded = bytes.fromhex(value[2:])
    except ValueError as error:
        raise bad(index, "hex string has odd length or a wrong digit") from error
    if length is not None and len(decoded) != length:
        raise bad(index, f"hex string has length {2 * len(decoded)}, want {2 * length}")
    return decoded


def quantity(value: object, index: int = 0) -> int:
    """A hex quantity; development methods are also called by hand, so a plain JSON integer will do."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if not isinstance(value, str) or not value.startswith("0x") or not 3 <= len(value) <= 66:
        raise bad(index, "expected a hex quantity")
    try:
        return int(value, 16)
    except ValueError as error:
        raise bad(index, "expected a hex quantity") from error


def fields(parameters: list, index: int = 0) -> dict:
    value = parameter(parameters, index, {})
    if not isinstance(value, dict):
        raise bad(index, "expected an object")
    return value


class Methods:
    """What can be called: the members whose names begin with one of the prefixes."""

    PREFIXES = ("eth_", "net_", "web3_", "txpool_", "evm_", "devnet_")

    def __init__(self, node: Node) -> None:
        self.node, self.chain, self.pool = node, node.chain, node.pool
        self.table: dict[str, Callable[[list], object]] = {
            name: getattr(self, name) for name in dir(self) if name.startswith(self.PREFIXES)
        }

    def __call__(self, method: str, parameters: list) -> object:
        handler = self.table.get(method)
        if handler is None:
            raise RpcError(METHOD_NOT_FOUND, f"the method {method} does not exist/is not available")
        with self.node.lock:
            return handler(parameters)

    # Blocks by tag

    def _tagged(self, tag: str) -> Block | None:
        options, tip = self.node.options, self.chain.tip.number
        if tag in ("latest", "pending"):
            return self.chain.tip
        if tag == "earliest":
            return self.chain.blocks[0]
        lag = options.safe_lag if tag == "safe" else options.finalized_lag
        return None if lag is None else self.chain.blocks[max(0, tip - lag)]

    def _find(self, selector: object, index: int) -> Block | None:
        if isinstance(selector, dict):  # EIP-1898
            if "blockHash" in selector:
                return self.chain.by_hash.get(bytes_of(selector["blockHash"], index, 32))
            return self._find(selector.get("blockNumber"), index)
        if selector in ("safe", "finalized"):
            block = self._tagged(selector)
            if block is None:
                raise RpcError(UNKNOWN_BLOCK, f"{selector} block not found")
            return block
        if selector in ("latest", "pending", "earliest"):
            return self._tagged(selector)
        if isinstance(selector, str) and len(selector) == 66:
            return self.chain.by_hash.get(bytes_of(selector, index, 32))
        number = quantity(selector, index)
        return self.chain.blocks[number] if number < len(self.chain.blocks) else None

    def _block(self, parameters: list, index: int) -> Block:
        block = self._find(parameter(parameters, index, "latest"), index)
        if block is None:
            raise refuse("header not found")
        return block

    # The chain

    def web3_clientVersion(self, _: list) -> str:
        return CLIENT_VERSION

    def net_version(self, _: list) -> str:
        return str(self.chain.chain_id)

    def eth_chainId(self, _: list) -> str:
        return hex(self.chain.chain_id)

    def eth_syncing(self, _: list) -> bool:
        return False

    def eth_blockNumber(self, _: list) -> str:
        return hex(self.chain.tip.number)

    def eth_getBlockByNumber(self, p: list) -> dict | None:
        full = bool(parameter(p, 1, False))
        if required(p, 0) == "pending":
            base_fee = self.node.next_base_fee
            waiting = [item for item in self.pool.by_hash.values() if item.nonce < self.pool.pending_nonce(item.sender)]
            return pending_block_view(self.chain, waiting, base_fee, full)
        block = self._find(p[0], 0)
        return block and block_view(block, full)

    def eth_getBlockByHash(self, p: list) -> dict | None:
        block = self.chain.by_hash.get(bytes_of(required(p, 0), 0, 32))
        return block and block_view(block, bool(parameter(p, 1, False)))

    def eth_getBlockReceipts(self, p: list) -> list[dict] | None:
        block = self._find(required(p, 0), 0)
        return None if block is None else [receipt_view(block, index) for index in range(len(block.executed))]

    def eth_getBlockTransactionCountByNumber(self, p: list) -> str | None:
        block = self._find(required(p, 0), 0)
        return block and hex(len(block.executed))

    # Accounts

    def eth_accounts(self, _: list) -> list[str]:
        return [data(account.address) for account in self.node.accounts]

    def eth_getBalance(self, p: list) -> str:
        return hex(self.chain.state(self._block(p, 1)).get_balance(bytes_of(required(p, 0), 0, 20)))

    def eth_getTransactionCount(self, p: list) -> str:
        address = bytes_of(required(p, 0), 0, 20)
        if parameter(p, 1) == "pending":
            return hex(self.pool.pending_nonce(address))
        return hex(self.chain.state(self._block(p, 1)).get_nonce(address))

    def eth_getCode(self, p: list) -> str:
        return data(self.chain.state(self._block(p, 1)).get_code(bytes_of(required(p, 0), 0, 20)))

    def eth_getStorageAt(self, p: list) -> str:
        address, slot = bytes_of(required(p, 0), 0, 20), quantity(required(p, 1), 1)
        return word(self.chain.state(self._block(p, 2)).get_storage(address, slot))

    # Calls

    def _call(self, p: list) -> Call:
        asked = fields(p)
        limit = self.chain.gas_limit
        price = asked.get("maxFeePerGas") or asked.get("gasPrice") or "0x0"
        return Call(
            sender=bytes_of(asked.get("from") or "0x" + "00" * 20, 0, 20),
            to=bytes_of(asked["to"], 0, 20) if asked.get("to") else b"",
            value=quantity(asked.get("value") or "0x0"),
            data=bytes_of(asked.get("input") or asked.get("data") or "0x"),
            gas=min(quantity(asked["gas"]), limit) if asked.get("gas") else limit,
            gas_price=quantity(price),
        )

    def eth_call(self, p: list) -> str:
        call = self._call(p)
        # A call that names a price but no limit is not meant to need the price of a whole block.
        if not fields(p).get("gas"):
            call = Call(**{**call.__dict__, "gas_price": 0})
        return data(outcome(self.chain.execute(call, self._block(p, 1))[0]))

    def eth_estimateGas(self, p: list) -> str:
        call, block = self._call(p), self._block(p, 1)
        if call.gas_price:
            available = self.chain.state(block).get_balance(call.sender) - call.value
            if available < 0:
                raise refuse("insufficient funds for transfer")
            call = Call(**{**call.__dict__, "gas": min(call.gas, available // call.gas_price), "gas_price": 0})
        return hex(estimate_gas(self.chain, call, block))

    # Fees

    def eth_gasPrice(self, _: list) -> str:
        return hex(self.node.next_base_fee + self.node.options.tip_wei)

    def eth_maxPriorityFeePerGas(self, _: list) -> str:
        return hex(self.node.options.tip_wei)

    def eth_blobBaseFee(self, _: list) -> str:
        return "0x1"

    def eth_feeHistory(self, p: list) -> dict:
        newest = self._find(parameter(p, 1, "latest"), 1)
        if newest is None:
            raise refuse("request beyond head block")
        percentiles = parameter(p, 2, [])
        ascending = all(isinstance(item, (int, float)) and 0 <= item <= 100 for item in percentiles)
        if not ascending or list(percentiles) != sorted(percentiles):
            raise refuse("invalid reward percentile")
        count = min(quantity(required(p, 0)), newest.number + 1, FEE_HISTORY_BLOCKS_MAX)
        if count == 0:
            return {"oldestBlock": "0x0", "gasUsedRatio": []}
        blocks = self.chain.blocks[newest.number - count + 1 : newest.number + 1]
        following = self.node.next_base_fee if newest is self.chain.tip else self.chain.next_base_fee(newest)
        history = {
            "oldestBlock": hex(blocks[0].number),
            "baseFeePerGas": [hex(block.header.base_fee_per_gas) for block in blocks] + [hex(following)],
            "gasUsedRatio": [block.header.gas_used / block.header.gas_limit for block in blocks],
            "baseFeePerBlobGas": ["0x1"] * (count + 1),
            "blobGasUsedRatio": [0] * count,
        }
        if percentiles:
            history["reward"] = [self._rewards(block, percentiles) for block in blocks]
        return history

    @staticmethod
    def _rewards(block: Block, percentiles: list[float]) -> list[str]:
        base_fee = block.header.base_fee_per_gas
        tips = sorted((effective_tip(item.transaction, base_fee), item.gas_used) for item in block.executed)
        rewards = []
        for percentile in percentiles:
            wanted, passed, reward = block.header.gas_used * percentile / 100, 0, 0
            for tip, gas in tips:
                reward, passed = tip, passed + gas
                if passed >= wanted:
                    break
            rewards.append(hex(reward))
        return rewards

    # Transactions

    def eth_sendRawTransaction(self, p: list) -> str:
        return data(self.node.submit(decode(bytes_of(required(p, 0)))))

    def eth_sendTransaction(self, p: list) -> str:
        """Signs with a dev account. For people at a console: a wallet backend signs for itself."""
        asked, call = fields(p), self._call(p)
        account = next((item for item in self.node.accounts if item.address == call.sender), None)
        if account is None:
            raise refuse("unknown account")
        nonce = quantity(asked["nonce"]) if asked.get("nonce") else self.pool.pending_nonce(call.sender)
        gas = (
            call.gas
            if asked.get("gas")
            else estimate_gas(self.chain, Call(**{**call.__dict__, "gas_price": 0}), self.chain.tip)
        )
        fees = None
        if call.gas_price:
            tip = asked.get("maxPriorityFeePerGas") or asked.get("gasPrice") or hex(self.node.options.tip_wei)
            fees = (call.gas_price, quantity(tip))
        return data(self.node.submit(self.node.sign(account, call.to, call.value, call.data, gas, nonce, fees)))

    def eth_getTransactionByHash(self, p: list) -> dict | None:
        transaction_hash = bytes_of(required(p, 0), 0, 32)
        if transaction_hash in self.chain.located:
            block, index = self.chain.located[transaction_hash]
            return transaction_view(block.executed[index].transaction, block, index)
        waiting = self.pool.by_hash.get(transaction_hash)
        return waiting and transaction_view(waiting)

    def eth_getTransactionReceipt(self, p: list) -> dict | None:
        located = self.chain.located.get(bytes_of(required(p, 0), 0, 32))
        return located and receipt_view(*located)

    def eth_getLogs(self, p: list) -> list[dict]:
        query = fields(p)
        if query.get("blockHash"):
            block = self.chain.by_hash.get(bytes_of(query["blockHash"], 0, 32))
            if block is None:
                raise refuse("unknown block")
            blocks = [block]
        else:
            first = self._find(query.get("fromBlock") or "latest", 0)
            last = self._find(query.get("toBlock") or "latest", 0) or self.chain.tip
            if first is not None and first.number > last.number:
                raise RpcError(INVALID_PARAMS, "invalid block range params")
            blocks = [] if first is None else self.chain.blocks[first.number : last.number + 1]
        addresses = query.get("address") or []
        wanted = {item.lower() for item in ([addresses] if isinstance(addresses, str) else addresses)}
        topics = [[item] if isinstance(item, str) else item for item in query.get("topics") or []]
        topics = [item and {choice.lower() for choice in item} for item in topics]
        found: list[dict] = []
        for block in blocks:
            if not block.header.bloom:
                continue
            for index in range(len(block.executed)):
                found += [log for log in log_views(block, index) if self._matches(log, wanted, topics)]
            if len(found) > LOGS_MAX:
                raise RpcError(LIMIT_EXCEEDED, f"query returned more than {LOGS_MAX} results")
        return found

    @staticmethod
    def _matches(log: dict, addresses: set[str], topics: list[set[str] | None]) -> bool:
        if addresses and log["address"] not in addresses:
            return False
        have = log["topics"]
        return all(not want or (at < len(have) and have[at] in want) for at, want in enumerate(topics))

    # The pool

    def txpool_status(self, _: list) -> dict:
        pending, queued = self.pool.counts()
        return {"pending": hex(pending), "queued": hex(queued)}

    def txpool_content(self, _: list) -> dict:
        content: dict[str, dict] = {"pending": {}, "queued": {}}
        for sender, slots in self.pool.by_sender.items():
            limit, who = self.pool.pending_nonce(sender), to_checksum_address(sender)
            for nonce, transaction in sorted(slots.items()):
                part = content["pending" if nonce < limit else "queued"]
                part.setdefault(who, {})[str(nonce)] = transaction_view(transaction)
        return content

    # Time and mining, by the names that development tools know

    def evm_mine(self, p: list) -> str:
        self.node.mine(quantity(parameter(p, 0, 1)))
        return "0x0"

    def evm_setAutomine(self, p: list) -> bool:
        self.node.set_mining("automine" if required(p, 0) else "manual")
        return True

    def evm_snapshot(self, _: list) -> str:
        return hex(self.node.snapshot())

    def evm_revert(self, p: list) -> bool:
        return self.node.revert(quantity(required(p, 0)))

    def evm_increaseTime(self, p: list) -> str:
        self.node.time_offset += quantity(required(p, 0))
        return hex(self.node.time_offset)

    def evm_setNextBlockTimestamp(self, p: list) -> bool:
        self.node.set_next_timestamp(quantity(required(p, 0)))
        return True

    # Only here

    def devnet_info(self, _: list) -> dict:
        """Everything a client needs to know; the ready file has the same members and the address of the server."""
        node = self.node
        return {
            "chain_id": self.chain.chain_id,
            "accounts": [
                {"address": account.checksum_address, "private_key": account.key.to_hex()} for account in node.accounts
            ],
            "faucet": node.faucet.checksum_address,
            "token": {
                "address": to_checksum_address(node.token),
                "symbol": TOKEN_SYMBOL,
                "decimals": TOKEN_DECIMALS,
            },
            "payout": to_checksum_address(node.payout),
            "mining": {"mode": node.options.mode, "blockTimeSeconds": node.options.block_time_seconds},
            "finality": {"safe": node.options.safe_lag, "finalized": node.options.finalized_lag},
        }

    def devnet_fund(self, p: list) -> str:
        return data(self.node.fund(bytes_of(required(p, 0), 0, 20), quantity(required(p, 1), 1)))

    def devnet_fundToken(self, p: list) -> str:
        return data(self.node.fund_token(bytes_of(required(p, 0), 0, 20), quantity(required(p, 1), 1)))

    def devnet_setPayoutOperator(self, p: list) -> str:
        return data(self.node.set_payout_operator(bytes_of(required(p, 0), 0, 20), bool(parameter(p, 1, True))))

    def devnet_setTokenBlocked(self, p: list) -> str:
        return data(self.node.set_token_blocked(bytes_of(required(p, 0), 0, 20), bool(parameter(p, 1, True))))

    def devnet_reorg(self, p: list) -> dict:
        asked = fields(p)
        orphaned = self.node.reorganise(
            depth=quantity(asked.get("depth", 1)),
            drop={bytes_of(item, 0, 32) for item in asked.get("drop", [])},
            requeue=bool(asked.get("requeue", True)),
            blocks=quantity(asked["blocks"]) if asked.get("blocks") is not None else None,
            include=[decode(bytes_of(raw)) for raw in asked.get("include", [])],
            mine_requeued=bool(asked.get("mineRequeued", True)),
        )
        tip = self.chain.tip
        return {"number": hex(tip.number), "hash": data(tip.hash), "orphaned": [data(item) for item in orphaned]}

    def devnet_dropTransaction(self, p: list) -> bool:
        return self.pool.remove(bytes_of(required(p, 0), 0, 32))

    def devnet_setFinality(self, p: list) -> bool:
        """`{"safe": 2, "finalized": 4}`: blocks behind the head. null takes the tag away."""
        asked, options = fields(p), self.node.options
        for name in ("safe", "finalized"):
            if name in asked:
                lag = None if asked[name] is None else quantity(asked[name])
                setattr(options, f"{name}_lag", lag)
        return True

    def devnet_setMining(self, p: list) -> bool:
        """`{"mode": "automine" | "interval" | "manual", "blockTimeSeconds": 1.0}`."""
        asked = fields(p)
        self.node.set_mining(asked.get("mode", self.node.options.mode), asked.get("blockTimeSeconds"))
        return True

    def devnet_setNextBaseFee(self, p: list) -> bool:
        self.node.set_next_base_fee(quantity(required(p, 0)))
        return True
