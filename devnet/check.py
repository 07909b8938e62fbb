"""Drives every method of the EVM development chain against a freshly started node and says what it saw.

    .venv/bin/python devnet/check.py

Transactions are signed with eth-account, so that the node's own code is not its only witness. Exit code 0: all held.
"""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import rlp
from eth_abi import decode, encode
from eth_account import Account
from eth_utils import keccak, to_checksum_address
from trie import HexaryTrie

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from devnet.evm.rpc import Methods  # noqa: E402
from devnet.evm.trie import ordered_root  # noqa: E402

GWEI, ETHER = 10**9, 10**18
TRANSFERS = 500
ZERO_ADDRESS = "0x" + "00" * 20


class Refused(Exception):
    def __init__(self, error: dict) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")


class Client:
    """One kept-alive connection. Remembers which methods were called."""

    called: set[str] = set()

    def __init__(self, port: int) -> None:
        self.port, self.connection = port, http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def exchange(self, body: object) -> tuple[int, bytes]:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.connection.request("POST", "/", payload, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        return response.status, response.read()

    def batch(self, calls: list[tuple]) -> list[dict]:
        self.called.update(call[0] for call in calls)
        requests = [
            {"jsonrpc": "2.0", "id": index, "method": method, "params": list(parameters)}
            for index, (method, *parameters) in enumerate(calls)
        ]
        return json.loads(self.exchange(requests)[1])

    def __call__(self, method: str, *parameters: object) -> object:
        self.called.add(method)
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        answer = json.loads(self.exchange(body)[1])
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def number(self, method: str, *parameters: object) -> int:
        return int(self(method, *parameters), 16)


def refusal(work) -> Refused:
    try:
        result = work()
    except Refused as refused:
        return refused
    raise AssertionError(f"accepted, with {result!r}")


def calldata(signature: str, *values: object) -> str:
    inside = signature[signature.index("(") + 1 : -1]
    return "0x" + (keccak(text=signature)[:4] + encode(inside.split(",") if inside else [], values)).hex()


def topic(signature: str) -> str:
    return "0x" + keccak(text=signature).hex()


class Check:
    def __init__(self, client: Client, ready: dict) -> None:
        self.rpc, self.ready = client, ready
        self.keys = [account["private_key"] for account in ready["accounts"]]
        self.people = [account["address"] for account in ready["accounts"]]
        self.token, self.payout = ready["token"]["address"], ready["payout"]

    def signed(self, who: int | str, nonce: int, to: str | None, value: int = 0, **fields: object) -> str:
        transaction = {
            "chainId": 31337,
            "nonce": nonce,
            "value": value,
            "gas": 21_000,
            "data": "0x",
            "maxFeePerGas": 20 * GWEI,
            "maxPriorityFeePerGas": GWEI,
        } | ({"to": to_checksum_address(to)} if to else {})
        transaction |= fields
        if "gasPrice" in fields:
            del transaction["maxFeePerGas"], transaction["maxPriorityFeePerGas"]
        if transaction["chainId"] is None:
            del transaction["chainId"]
        key = who if isinstance(who, str) else self.keys[who]
        return Account.sign_transaction(transaction, key).raw_transaction.to_0x_hex()

    def send(self, *arguments: object, **fields: object) -> str:
        return self.rpc("eth_sendRawTransaction", self.signed(*arguments, **fields))

    def nonce(self, who: int, tag: str = "pending") -> int:
        return self.rpc.number("eth_getTransactionCount", self.people[who], tag)

    def balance(self, address: str, tag: str = "latest") -> int:
        return self.rpc.number("eth_getBalance", address, tag)

    def token_balance(self, address: str) -> int:
        data = calldata("balanceOf(address)", address)
        return int(self.rpc("eth_call", {"to": self.token, "data": data}, "latest"), 16)

    def receipt(self, transaction_hash: str) -> dict:
        return self.rpc("eth_getTransactionReceipt", transaction_hash)

    # The checks, in the order of their definition. Each begins in manual mining with an empty pool.

    def check_identity(self) -> str:
        rpc = self.rpc
        assert rpc("eth_chainId") == "0x7a69" and rpc("net_version") == "31337" and rpc("eth_syncing") is False
        assert rpc("web3_clientVersion").startswith("coffer-devnet/")
        assert rpc("eth_accounts") == [person.lower() for person in self.people]
        assert Account.from_key(self.keys[0]).address == self.people[0] == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
        info = rpc("devnet_info")
        assert all(self.ready[name] == value for name, value in info.items())
        assert rpc("eth_getCode", self.token, "latest") != "0x" and rpc("eth_getCode", self.people[0], "latest") == "0x"
        return f"{len(self.people)} accounts, token {self.token}, payout {self.payout}"

    def check_faucet(self) -> str:
        stranger = "0x" + "5a" * 20
        paid = self.receipt(self.rpc("devnet_fund", stranger, hex(3 * ETHER)))
        minted = self.receipt(self.rpc("devnet_fundToken", stranger, hex(2_500_000)))
        assert paid["status"] == minted["status"] == "0x1"
        assert self.balance(stranger) == 3 * ETHER and self.token_balance(stranger) == 2_500_000
        assert self.balance(stranger, hex(int(paid["blockNumber"], 16) - 1)) == 0
        again = self.rpc("devnet_fund", self.payout, hex(ETHER))
        assert self.receipt(again)["status"] == "0x1" and self.balance(self.payout) == ETHER
        return "coin and token arrive at once, and earlier state stays readable"

    def check_transfers_of_every_type(self) -> str:
        start, to = self.nonce(0), "0x" + "11" * 20
        hashes = [
            self.send(0, start, to, 5, gasPrice=20 * GWEI),
            self.send(0, start + 1, to, 6, gasPrice=20 * GWEI, accessList=[], gas=30_000),
            self.send(0, start + 2, to, 7),
        ]
        waiting = self.rpc("eth_getTransactionByHash", hashes[0])
        assert waiting["blockNumber"] is None and self.receipt(hashes[0]) is None
        assert self.nonce(0) == start + 3 and self.nonce(0, "latest") == start
        self.rpc("evm_mine")
        receipts = [self.receipt(item) for item in hashes]
        assert [item["type"] for item in receipts] == ["0x0", "0x1", "0x2"]
        assert all(item["status"] == "0x1" and item["gasUsed"] == "0x5208" for item in receipts)
        assert receipts[2]["cumulativeGasUsed"] == hex(63_000) and self.balance(to) == 18
        block = self.rpc("eth_getBlockByNumber", receipts[0]["blockNumber"], True)
        base_fee = int(block["baseFeePerGas"], 16)
        assert int(receipts[2]["effectiveGasPrice"], 16) == base_fee + GWEI
        assert {item["hash"] for item in block["transactions"]} == set(hashes)
        return "legacy, access list and dynamic fee, with receipts"

    def check_blocks(self) -> str:
        tip = self.rpc("eth_getBlockByNumber", "latest", False)
        assert self.rpc("eth_getBlockByHash", tip["hash"], False) == tip
        assert self.rpc("eth_getBlockByNumber", "earliest", False)["number"] == "0x0"
        assert self.rpc("eth_getBlockByNumber", hex(10**9), False) is None
        assert self.rpc("eth_getBlockByHash", "0x" + "ab" * 32, False) is None
        parent = self.rpc("eth_getBlockByHash", tip["parentHash"], False)
        assert int(parent["number"], 16) + 1 == int(tip["number"], 16)
        receipts = self.rpc("eth_getBlockReceipts", tip["number"])
        assert [item["transactionHash"] for item in receipts] == tip["transactions"]
        assert self.rpc("eth_getBlockTransactionCountByNumber", tip["number"]) == hex(len(receipts))
        assert self.rpc("eth_getBlockByNumber", "pending", True)["hash"] is None
        names = (
            "parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom difficulty number gasLimit"
            " gasUsed timestamp extraData mixHash nonce baseFeePerGas withdrawalsRoot blobGasUsed excessBlobGas"
            " parentBeaconBlockRoot requestsHash"
        ).split()
        numbers = {
            "difficulty",
            "number",
            "gasLimit",
            "gasUsed",
            "timestamp",
            "baseFeePerGas",
            "blobGasUsed",
            "excessBlobGas",
        }
        header = []
        for name in names:
            digits = tip[name][2:]
            if name in numbers:
                value = int(digits, 16)
                header.append(value.to_bytes((value.bit_length() + 7) // 8, "big"))
            else:
                header.append(bytes.fromhex(digits))
        assert "0x" + keccak(rlp.encode(header)).hex() == tip["hash"]
        return "the hash of a header is the hash of its fields"

    def check_roots(self) -> str:
        for count in (0, 1, 2, 3, 17, 127, 128, 129, 300):
            items = [keccak(index.to_bytes(4, "big")) * (index % 4) + bytes([index % 256]) for index in range(count)]
            trie = HexaryTrie({})
            for index, item in enumerate(items):
                trie[rlp.encode(index)] = item
            assert ordered_root(items) == trie.root_hash, count
        return "of ordered lists, as a general trie has them"

    def check_erc20(self) -> str:
        rpc, holder, payee = self.rpc, 1, "0x" + "22" * 20
        assert self.ready["token"]["decimals"] == 6
        symbol = bytes.fromhex(rpc("eth_call", {"to": self.token, "data": calldata("symbol()")}, "latest")[2:])
        assert decode(["string"], symbol)[0] == self.ready["token"]["symbol"]
        rpc("devnet_fundToken", self.people[holder], hex(10_000_000))
        data = calldata("transfer(address,uint256)", payee, 4_000_000)
        estimate = rpc.number("eth_estimateGas", {"from": self.people[holder], "to": self.token, "data": data})
        sent = self.send(holder, self.nonce(holder), self.token, data=data, gas=estimate)
        rpc("evm_mine")
        receipt = self.receipt(sent)
        used = int(receipt["gasUsed"], 16)
        assert receipt["status"] == "0x1" and used <= estimate <= used * 1.1
        assert self.token_balance(payee) == 4_000_000
        (log,) = receipt["logs"]
        assert log["topics"][0] == topic("Transfer(address,address,uint256)") and int(log["data"], 16) == 4_000_000
        query = {"address": self.token, "fromBlock": "0x0", "topics": [log["topics"][0], None, log["topics"][2]]}
        assert rpc("eth_getLogs", query) == [log]
        assert rpc("eth_getLogs", {"blockHash": log["blockHash"], "address": [self.token]}) == [log]
        assert rpc("eth_getLogs", query | {"topics": [topic("Other()")]}) == []
        assert rpc("eth_getStorageAt", self.token, "0x0", "latest").startswith("0x")
        return f"gas used {used}, estimated {estimate}"

    def check_reverts(self) -> str:
        rpc, poor = self.rpc, self.people[9]
        message = {"from": poor, "to": self.token, "data": calldata("transfer(address,uint256)", self.people[0], 5)}
        for method in ("eth_call", "eth_estimateGas"):
            refused = refusal(lambda name=method: rpc(name, message, "latest"))
            assert refused.code == 3
            assert refused.message == "execution reverted: ERC20: transfer amount exceeds balance"
            assert refused.data.startswith("0x08c379a0")
        rpc("devnet_setTokenBlocked", poor, True)
        assert "blocked" in refusal(lambda: rpc("eth_estimateGas", message)).message
        rpc("devnet_setTokenBlocked", poor, False)
        sent = self.send(9, self.nonce(9), self.token, data=message["data"], gas=100_000)
        rpc("evm_mine")
        assert self.receipt(sent)["status"] == "0x0" and self.receipt(sent)["logs"] == []
        rich = {"from": poor, "to": self.people[0], "value": hex(10**30)}
        assert "insufficient funds" in refusal(lambda: rpc("eth_estimateGas", rich)).message
        tight = {"from": self.people[1], "to": self.token, "data": message["data"], "gas": hex(24_000)}
        assert "gas required exceeds allowance" in refusal(lambda: rpc("eth_estimateGas", tight)).message
        return "call, estimate and receipt agree, with the reason and its bytes"

    def check_pool_errors(self) -> str:
        start, to = self.nonce(2), "0x" + "33" * 20
        assert refusal(lambda: self.send(2, start, to, 10**30)).message.startswith(
            "insufficient funds for gas * price + value: balance "
        )
        first = self.send(2, start, to, 1)
        expected = {
            "already known": lambda: self.send(2, start, to, 1),
            "replacement transaction underpriced": lambda: self.send(2, start, to, 2, maxFeePerGas=21 * GWEI),
            "intrinsic gas too low: gas 20000, minimum needed 21000": lambda: self.send(2, start + 1, to, gas=20_000),
            "exceeds block gas limit": lambda: self.send(2, start + 1, to, gas=60_000_001, gasPrice=2 * GWEI),
            "max priority fee per gas higher than max fee per gas": lambda: self.send(
                2, start + 1, to, maxFeePerGas=GWEI, maxPriorityFeePerGas=2 * GWEI
            ),
            "transaction underpriced: gas tip cap 0, minimum needed 1": lambda: self.send(
                2, start + 1, to, maxPriorityFeePerGas=0
            ),
            "invalid sender: invalid chain id for signer: have 5 want 31337": lambda: self.send(
                2, start + 1, to, chainId=5
            ),
            "only replay-protected (EIP-155) transactions allowed over RPC": lambda: self.send(
                2, start + 1, to, chainId=None, gasPrice=GWEI
            ),
            "tx fee (21.00 ether) exceeds the configured cap (1.00 ether)": lambda: self.send(
                2, start + 1, to, gasPrice=10**15
            ),
            "transaction type not supported": lambda: self.rpc("eth_sendRawTransaction", "0x03c0"),
            "typed transaction too short": lambda: self.rpc("eth_sendRawTransaction", "0x"),
        }
        for message, work in expected.items():
            refused = refusal(work)
            assert (refused.code, refused.message) == (-32000, message), refused
        queued = refusal(lambda: self.send(2, start + 1, to, 99_999_993 * 10**14))
        assert "queued cost" in queued.message
        self.rpc("evm_mine")
        low = refusal(lambda: self.send(2, start, to, 1))
        assert low.message == f"nonce too low: next nonce {start + 1}, tx nonce {start}"
        assert self.receipt(first)["status"] == "0x1"
        return f"{len(expected) + 3} of geth's refusals, word for word"

    def check_replacement(self) -> str:
        start, to = self.nonce(3), "0x" + "44" * 20
        old = self.send(3, start, to, 1)
        only_fee = refusal(lambda: self.send(3, start, to, 2, maxFeePerGas=40 * GWEI))
        only_tip = refusal(lambda: self.send(3, start, to, 2, maxPriorityFeePerGas=2 * GWEI))
        assert only_fee.message == only_tip.message == "replacement transaction underpriced"
        new = self.send(3, start, to, 2, maxFeePerGas=22 * GWEI, maxPriorityFeePerGas=11 * GWEI // 10)
        assert self.rpc("eth_getTransactionByHash", old) is None
        self.rpc("evm_mine")
        assert self.receipt(old) is None and self.receipt(new)["status"] == "0x1"
        return "both fields by ten percent, or not at all"

    def check_nonce_gap(self) -> str:
        start, to = self.nonce(3), "0x" + "44" * 20
        late = self.send(3, start + 1, to, 1)
        assert self.nonce(3) == start and self.rpc("txpool_status") == {"pending": "0x0", "queued": "0x1"}
        self.rpc("evm_mine")
        assert self.receipt(late) is None
        self.send(3, start, to, 1)
        assert self.nonce(3) == start + 2
        content = self.rpc("txpool_content")
        assert set(content["pending"][self.people[3]]) == {str(start), str(start + 1)} and content["queued"] == {}
        self.rpc("evm_mine")
        assert self.receipt(late)["status"] == "0x1"
        dropped = self.send(3, start + 2, to, 1)
        assert self.rpc("devnet_dropTransaction", dropped) and not self.rpc("devnet_dropTransaction", dropped)
        assert self.nonce(3) == start + 2 and self.rpc("eth_getTransactionByHash", dropped) is None
        return "a future nonce waits for the one before it"

    def check_fees(self) -> str:
        rpc = self.rpc
        assert rpc.number("eth_maxPriorityFeePerGas") == GWEI and rpc.number("eth_blobBaseFee") == 1
        rpc("devnet_setNextBaseFee", hex(50 * GWEI))
        assert rpc.number("eth_gasPrice") == 51 * GWEI
        stuck = self.send(3, self.nonce(3), "0x" + "44" * 20, 1)
        rpc("evm_mine")
        assert self.receipt(stuck) is None, "20 gwei do not pay for a base fee of 50"
        history = rpc("eth_feeHistory", "0x3", "latest", [10, 50, 90])
        assert len(history["baseFeePerGas"]) == 4 and len(history["reward"]) == len(history["gasUsedRatio"]) == 3
        assert int(history["baseFeePerGas"][2], 16) == 50 * GWEI
        assert int(history["baseFeePerGas"][3], 16) == 50 * GWEI * 7 // 8, "an empty block lowers it by an eighth"
        rpc("devnet_setNextBaseFee", hex(GWEI))
        rpc("evm_mine")
        assert self.receipt(stuck)["status"] == "0x1"
        reward = rpc("eth_feeHistory", "0x1", "latest", [50])["reward"]
        assert reward == [[hex(GWEI)]]
        assert refusal(lambda: rpc("eth_feeHistory", "0x1", "latest", [90, 10])).message == "invalid reward percentile"
        return "base fee by the rule, and what is too cheap waits"

    def check_finality(self) -> str:
        rpc = self.rpc

        def height(tag: str) -> int:
            return int(rpc("eth_getBlockByNumber", tag, False)["number"], 16)

        rpc("devnet_setFinality", {"safe": 2, "finalized": 3})
        rpc("evm_mine", 4)
        assert height("latest") - height("safe") == 2 and height("latest") - height("finalized") == 3
        before = self.nonce(4, "finalized")
        self.send(4, self.nonce(4), self.people[5], 1)
        rpc("evm_mine", 3)
        assert self.nonce(4, "finalized") == before and self.nonce(4, "latest") == before + 1
        rpc("evm_mine")
        assert self.nonce(4, "finalized") == before + 1
        rpc("devnet_setFinality", {"finalized": None})
        missing = refusal(lambda: height("finalized"))
        assert (missing.code, missing.message) == (-39001, "finalized block not found")
        rpc("devnet_setFinality", {"safe": 1, "finalized": 2})
        return "tags follow the head at the lag that was set"

    def check_reorg(self) -> str:
        start, to = self.nonce(4), "0x" + "55" * 20
        kept, lost = self.send(4, start, to, 1), self.send(5, self.nonce(5), to, 2)
        self.rpc("evm_mine")
        before = self.receipt(kept)
        self.rpc("evm_mine")
        height = self.rpc.number("eth_blockNumber")
        answer = self.rpc("devnet_reorg", {"depth": 2, "drop": [lost]})
        assert set(answer["orphaned"]) == {kept, lost} and int(answer["number"], 16) == height + 1
        after = self.receipt(kept)
        assert after["status"] == "0x1" and after["blockHash"] != before["blockHash"]
        assert self.receipt(lost) is None and self.rpc("eth_getTransactionByHash", lost) is None
        assert self.balance(to) == 1
        assert self.rpc("eth_getBlockByHash", before["blockHash"], False)["hash"] == before["blockHash"]
        assert self.rpc("eth_getBlockByNumber", before["blockNumber"], False)["hash"] != before["blockHash"]
        # The same nonce with other bytes takes the place of the one that was mined.
        other = self.signed(4, start, to, 9, maxFeePerGas=30 * GWEI)
        self.rpc("devnet_reorg", {"depth": 3, "include": [other]})
        assert self.receipt(kept) is None and self.balance(to) == 9
        ahead = self.signed(4, start + 50, to, 1)
        impossible = refusal(lambda: self.rpc("devnet_reorg", {"depth": 1, "include": [ahead]}))
        assert "not valid" in impossible.message
        self.send(4, start + 1, to, 1)
        self.rpc("evm_mine")
        self.rpc("devnet_reorg", {"depth": 1, "requeue": False, "blocks": 1})
        assert self.nonce(4) == start + 1
        self.send(4, start + 1, to, 1)
        self.rpc("evm_mine")
        self.rpc("devnet_reorg", {"depth": 1, "mineRequeued": False})
        assert self.nonce(4, "latest") == start + 1 and self.nonce(4) == start + 2, "back in the pool"
        self.rpc("evm_mine")
        assert self.nonce(4, "latest") == start + 2
        return "requeued, dropped, replaced and back in the pool"

    def check_snapshot(self) -> str:
        start, height, to = self.nonce(6), self.rpc.number("eth_blockNumber"), "0x" + "66" * 20
        waiting = self.send(6, start, to, 1)
        mark = self.rpc("evm_snapshot")
        self.rpc("evm_mine", 3)
        undone = self.receipt(waiting)["blockHash"]
        assert self.balance(to) == 1 and self.rpc("evm_revert", mark) is True
        assert self.rpc.number("eth_blockNumber") == height and self.balance(to) == 0
        assert self.rpc("eth_getTransactionByHash", waiting)["blockHash"] is None, "it waits again"
        assert self.rpc("eth_getBlockByHash", undone, False) is None and self.rpc("evm_revert", mark) is False
        self.rpc("evm_mine")
        assert self.receipt(waiting)["status"] == "0x1"
        return "chain and pool are as they were"

    def check_time(self) -> str:
        def latest() -> int:
            return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

        self.rpc("evm_mine")
        self.rpc("evm_increaseTime", 3600)
        self.rpc("evm_mine")
        assert latest() >= int(time.time()) + 3598
        self.rpc("evm_setNextBlockTimestamp", hex(latest() + 77))
        before = latest()
        self.rpc("evm_mine")
        assert latest() == before + 77
        return "moves as told"

    def check_mining_modes(self) -> str:
        to = "0x" + "77" * 20
        self.rpc("evm_setAutomine", True)
        assert self.receipt(self.send(7, self.nonce(7), to, 1))["status"] == "0x1"
        by_node = {"from": self.people[7], "to": to, "value": "0x5"}
        assert self.receipt(self.rpc("eth_sendTransaction", by_node))["status"] == "0x1" and self.balance(to) == 6
        self.rpc("devnet_setMining", {"mode": "interval", "blockTimeSeconds": 0.05})
        height, until = self.rpc.number("eth_blockNumber"), time.monotonic() + 5
        while self.rpc.number("eth_blockNumber") < height + 3:
            assert time.monotonic() < until, "no blocks at an interval of 50 ms"
        self.rpc("devnet_setMining", {"mode": "manual"})
        assert refusal(lambda: self.rpc("devnet_setMining", {"mode": "sometimes"})).code == -32602
        return "automine, interval and manual"

    def pay(self, who: int, ids: list[bytes], token: str, to: list[str], amounts: list[int]) -> dict:
        data = calldata("pay(bytes32[],address,address[],uint256[])", ids, token, to, amounts)
        gas = self.rpc.number("eth_estimateGas", {"from": self.people[who], "to": self.payout, "data": data})
        sent = self.send(who, self.nonce(who), self.payout, data=data, gas=gas)
        self.rpc("evm_mine")
        receipt = self.receipt(sent)
        assert receipt["status"] == "0x1"
        return receipt

    def check_payout(self) -> str:
        rpc, operator = self.rpc, 8
        to = [to_checksum_address("0x" + f"{index:02x}" * 20) for index in range(0xA0, 0xA5)]
        ids = [keccak(text=f"withdrawal {index}") for index in range(5)]
        message = {
            "from": self.people[operator],
            "to": self.payout,
            "data": calldata("pay(bytes32[],address,address[],uint256[])", ids[:1], self.token, to[:1], [1]),
        }
        assert "only an operator" in refusal(lambda: rpc("eth_call", message)).message
        rpc("devnet_setPayoutOperator", self.people[operator])
        rpc("devnet_fundToken", self.payout, hex(1_000_000))
        paid_topic, skipped_topic = topic("Paid(bytes32,address,address,uint256)"), topic("Skipped(bytes32)")
        failed_topic = topic("Failed(bytes32,address,address,uint256)")

        def events(receipt: dict, wanted: str) -> list[str]:
            return [log["topics"][1] for log in receipt["logs"] if log["topics"][0] == wanted]

        names = ["0x" + item.hex() for item in ids]
        rpc("devnet_setTokenBlocked", to[2], True)
        first = self.pay(operator, ids[:3], self.token, to[:3], [10, 20, 30])
        assert events(first, paid_topic) == names[:2] and events(first, failed_topic) == names[2:3]
        assert [self.token_balance(item) for item in to[:3]] == [10, 20, 0]
        rpc("devnet_setTokenBlocked", to[2], False)
        again = self.pay(operator, ids[:3], self.token, to[:3], [10, 20, 30])
        assert events(again, skipped_topic) == names[:2] and events(again, paid_topic) == names[2:3]
        assert [self.token_balance(item) for item in to[:3]] == [10, 20, 30], "paid once each"
        rpc("devnet_fund", self.payout, hex(ETHER))
        # The third payee is the token contract, which takes no coin: it fails alone.
        native = self.pay(operator, ids[3:] + [keccak(b"x")], ZERO_ADDRESS, to[3:] + [self.token], [7, 8, 9])
        assert events(native, paid_topic) == names[3:] and len(events(native, failed_topic)) == 1
        assert [self.balance(item) for item in to[3:]] == [7, 8]
        answer = rpc("eth_call", {"to": self.payout, "data": calldata("paid(bytes32)", ids[0])}, "latest")
        assert int(answer, 16) == 1
        many = [keccak(text=f"many {index}") for index in range(200)]
        people = [to_checksum_address((0xB0 << 152 | index + 1).to_bytes(20, "big")) for index in range(200)]
        receipt = self.pay(operator, many, self.token, people, [1] * 200)
        assert len(events(receipt, paid_topic)) == 200
        return f"each id at most once; {int(receipt['gasUsed'], 16) // 200} gas per token payout in a batch of 200"

    def check_batches_and_bad_requests(self) -> str:
        rpc = self.rpc
        answers = rpc.batch([("eth_chainId",), ("eth_noSuchMethod",), ("eth_getBalance", "0x12", "latest")])
        assert [answer["id"] for answer in answers] == [0, 1, 2] and answers[0]["result"] == "0x7a69"
        assert answers[1]["error"]["code"] == -32601 and answers[2]["error"]["code"] == -32602
        codes = {
            b"{": -32700,
            b"[]": -32600,
            b"7": -32600,
            b'{"id":1,"method":5}': -32600,
            b'{"id":1,"method":"eth_chainId","params":{"a":1}}': -32602,
            b'{"id":1,"method":"eth_getBlockByNumber","params":["0xzz"]}': -32602,
            b'{"id":1,"method":"eth_getBlockByNumber"}': -32602,
        }
        for body, code in codes.items():
            assert json.loads(rpc.exchange(body)[1])["error"]["code"] == code, body
        assert json.loads(rpc.exchange(b"[" * 100_000)[1])["error"]["code"] == -32700
        rpc.connection.request("GET", "/health")
        response = rpc.connection.getresponse()
        assert response.status == 200 and response.read()
        return "answers in order, and an error is an answer"

    def check_faults(self) -> str:
        rpc, raw = self.rpc, self.signed(9, self.nonce(9), "0x" + "99" * 20, 1)
        rpc("devnet_setFaults", [{"method": "eth_sendRaw*", "after": True, "action": "drop"}])
        try:
            rpc("eth_sendRawTransaction", raw)
            raise AssertionError("answered")
        except (http.client.HTTPException, ConnectionError):
            rpc.connection.close()
        assert refusal(lambda: rpc("eth_sendRawTransaction", raw)).message == "already known"
        limited = {"action": "http", "status": 429, "headers": {"Retry-After": "1"}}
        rpc(
            "devnet_setFaults",
            [limited, {"action": "garbage"}, {"action": "error"}, {"action": "delay", "delaySeconds": 0.05}],
        )
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
        assert rpc.exchange(call)[0] == 429 and b"<html>" in rpc.exchange(call)[1]
        assert refusal(lambda: rpc("eth_chainId")).message == "injected"
        started = time.monotonic()
        assert rpc("eth_chainId") == "0x7a69" and time.monotonic() - started >= 0.05
        rpc("devnet_setFaults", [])
        rpc("evm_mine")
        return "a lost answer, a limit, a page of HTML, an error, a delay"

    def check_many_transfers(self) -> str:
        sender, start = 9, self.nonce(9)
        people = [to_checksum_address((0xC0 << 152 | index + 1).to_bytes(20, "big")) for index in range(TRANSFERS)]
        raws = [self.signed(sender, start + index, person, 1) for index, person in enumerate(people)]
        began = time.monotonic()
        for raw in raws[: TRANSFERS // 2]:
            self.rpc("eth_sendRawTransaction", raw)
        alone = time.monotonic()
        for answer in self.rpc.batch([("eth_sendRawTransaction", raw) for raw in raws[TRANSFERS // 2 :]]):
            assert "result" in answer
        sent = time.monotonic()
        self.rpc("evm_mine")
        mined = time.monotonic()
        assert self.nonce(sender, "latest") == start + TRANSFERS and self.balance(people[-1]) == 1
        rates = [TRANSFERS / 2 / (alone - began), TRANSFERS / 2 / (sent - alone), TRANSFERS / (mined - sent)]
        return (
            f"{TRANSFERS} transfers accepted and mined in {mined - began:.2f} s: {rates[0]:.0f}/s one by one, "
            f"{rates[1]:.0f}/s in a batch, mined at {rates[2]:.0f}/s"
        )

    def check_deep_queue(self) -> str:
        """Thousands waiting for one sender must not make each further one slower."""
        count, start = 3000, self.nonce(0)
        raws = [self.signed(0, start + index, self.people[1], 1) for index in range(count)]
        began = time.monotonic()
        for at in range(0, count, 500):
            assert all(
                "result" in item
                for item in self.rpc.batch([("eth_sendRawTransaction", raw) for raw in raws[at : at + 500]])
            )
        sent = time.monotonic()
        blocks = 0
        while self.nonce(0, "latest") < start + count:
            self.rpc("evm_mine")
            blocks += 1
            assert blocks < 10
        mined = time.monotonic()
        return f"{count} waiting transfers: {count / (sent - began):.0f}/s in, {count / (mined - sent):.0f}/s mined"


def run(client: Client, ready: dict) -> int:
    check, failures = Check(client, ready), 0
    for name in [name for name in vars(Check) if name.startswith("check_")]:
        title, began = name.removeprefix("check_").replace("_", " "), time.monotonic()
        try:
            print(f"ok    {title}: {getattr(check, name)()} [{time.monotonic() - began:.2f} s]", flush=True)
        except Exception as error:
            failures += 1
            line = error.__traceback__
            while line.tb_next and not line.tb_frame.f_code.co_name.startswith("check_"):
                line = line.tb_next
            print(f"FAIL  {title}: line {line.tb_lineno}: {type(error).__name__}: {error}", flush=True)
    return failures


def methods_missed() -> set[str]:
    known = {name for name in dir(Methods) if name.startswith(Methods.PREFIXES)} | {"devnet_setFaults"}
    return known - Client.called


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        ready_file = pathlib.Path(folder) / "ready.json"
        command = [
            sys.executable,
            str(ROOT / "devnet" / "evm"),
            "--port",
            "0",
            "--manual",
            "--ready-file",
            str(ready_file),
        ]
        began = time.monotonic()
        node = subprocess.Popen([*command, "--parent-independent"], cwd=folder)
        while not ready_file.exists():
            if node.poll() is not None or time.monotonic() - began > 30:
                print("FAIL  the node did not start")
                return 1
            time.sleep(0.005)
        print(f"ok    ready in {time.monotonic() - began:.2f} s")
        ready = json.loads(ready_file.read_text())
        try:
            assert os.getsid(node.pid) == node.pid == ready["pid"], "not in a session of its own"
            client = Client(int(ready["rpc_url"].rsplit(":", 1)[1]))
            failures = run(client, ready)
            missed = methods_missed()
            if missed:
                print(f"FAIL  never called: {', '.join(sorted(missed))}")
                failures += 1
        finally:
            node.send_signal(signal.SIGTERM)
            code = node.wait(timeout=10)
        if code != 0 or ready_file.exists():
            print(f"FAIL  SIGTERM: exit code {code}, ready file left behind: {ready_file.exists()}")
            failures += 1
        print(f"{len(Client.called)} methods called, {failures} failures in {time.monotonic() - began:.1f} s")
        return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
