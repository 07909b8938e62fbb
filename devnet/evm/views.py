"""How blocks, transactions, receipts and logs look in JSON: geth's fields, names and forms."""

from eth.abc import SignedTransactionAPI
from rlp import encode as rlp_encode

from .chain import Block, Chain, Executed
from .pool import kind


def data(value: bytes) -> str:
    return "0x" + value.hex()


def word(value: int) -> str:
    return f"0x{value:064x}"


def bloom_text(bloom: int) -> str:
    return f"0x{bloom:0512x}"


def effective_tip(transaction: SignedTransactionAPI, base_fee: int) -> int:
    return min(transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas - base_fee)


def transaction_view(transaction: SignedTransactionAPI, block: Block | None = None, index: int | None = None) -> dict:
    type_number, mined = kind(transaction), block is not None
    price = transaction.max_fee_per_gas
    if mined:
        base_fee = block.header.base_fee_per_gas
        price = base_fee + effective_tip(transaction, base_fee)
    view = {
        "blockHash": data(block.hash) if mined else None,
        "blockNumber": hex(block.number) if mined else None,
        "transactionIndex": hex(index) if mined else None,
        "hash": data(transaction.hash),
        "type": hex(type_number),
        "chainId": hex(transaction.chain_id),
        "nonce": hex(transaction.nonce),
        "from": data(transaction.sender),
        "to": data(transaction.to) if transaction.to else None,
        "value": hex(transaction.value),
        "gas": hex(transaction.gas),
        "gasPrice": hex(price),
        "input": data(transaction.data),
        "r": hex(transaction.r),
        "s": hex(transaction.s),
    }
    if type_number == 0:
        view["v"] = hex(transaction.v)
        return view
    view["v"] = view["yParity"] = hex(transaction.y_parity)
    view["accessList"] = [
        {"address": data(address), "storageKeys": [word(key) for key in keys]}
        for address, keys in transaction.access_list
    ]
    if type_number >= 2:
        view["maxFeePerGas"] = hex(transaction.max_fee_per_gas)
        view["maxPriorityFeePerGas"] = hex(transaction.max_priority_fee_per_gas)
    if type_number == 4:
        view["authorizationList"] = [
            {
                "chainId": hex(item.chain_id),
                "address": data(item.address),
                "nonce": hex(item.nonce),
                "yParity": hex(item.y_parity),
                "r": hex(item.r),
                "s": hex(item.s),
            }
            for item in transaction.authorization_list
        ]
    return view


def log_views(block: Block, index: int) -> list[dict]:
    item = block.executed[index]
    return [
        {
            "address": data(log.address),
            "topics": [word(topic) for topic in log.topics],
            "data": data(log.data),
            "blockNumber": hex(block.number),
            "blockHash": data(block.hash),
            "blockTimestamp": hex(block.header.timestamp),
            "transactionHash": data(item.transaction.hash),
            "transactionIndex": hex(index),
            "logIndex": hex(item.first_log_index + offset),
            "removed": False,
        }
        for offset, log in enumerate(item.receipt.logs)
    ]


def receipt_view(block: Block, index: int) -> dict:
    item: Executed = block.executed[index]
    transaction, base_fee = item.transaction, block.header.base_fee_per_gas
    return {
        "transactionHash": data(transaction.hash),
        "transactionIndex": hex(index),
        "blockHash": data(block.hash),
        "blockNumber": hex(block.number),
        "from": data(transaction.sender),
        "to": data(transaction.to) if transaction.to else None,
        "cumulativeGasUsed": hex(item.receipt.gas_used),
        "gasUsed": hex(item.gas_used),
        "effectiveGasPrice": hex(base_fee + effective_tip(transaction, base_fee)),
        "contractAddress": data(item.contract_address) if item.contract_address else None,
        "logs": log_views(block, index),
        "logsBloom": bloom_text(item.receipt.bloom),
        "status": "0x1" if item.receipt.state_root else "0x0",
        "type": hex(kind(transaction)),
    }


def block_view(block: Block, full: bool) -> dict:
    header = block.header
    encoded = [item.transaction.encode() for item in block.executed]
    return {
        "number": hex(block.number),
        "hash": data(block.hash),
        "parentHash": data(header.parent_hash),
        "sha3Uncles": data(header.uncles_hash),
        "miner": data(header.coinbase),
        "stateRoot": data(header.state_root),
        "transactionsRoot": data(header.transaction_root),
        "receiptsRoot": data(header.receipt_root),
        "logsBloom": bloom_text(header.bloom),
        "difficulty": "0x0",
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "timestamp": hex(header.timestamp),
        "extraData": data(header.extra_data),
        "mixHash": data(header.mix_hash),
        "nonce": data(header.nonce),
        "baseFeePerGas": hex(header.base_fee_per_gas),
        "withdrawalsRoot": data(header.withdrawals_root),
        "withdrawals": [],
        "blobGasUsed": hex(header.blob_gas_used),
        "excessBlobGas": hex(header.excess_blob_gas),
        "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
        "requestsHash": data(header.requests_hash),
        "size": hex(len(rlp_encode(header)) + sum(len(raw) for raw in encoded) + 12),
        "uncles": [],
        "transactions": [
            transaction_view(item.transaction, block, index) if full else data(item.transaction.hash)
            for index, item in enumerate(block.executed)
        ],
    }


def pending_block_view(chain: Chain, transactions: list[SignedTransactionAPI], base_fee: int, full: bool) -> dict:
    """The block that would come next: it has no hash, no nonce and no miner yet."""
    view = block_view(Block(chain.tip.header.copy(parent_hash=chain.tip.hash, gas_used=0, bloom=0), []), full)
    view.update(number=hex(chain.tip.number + 1), baseFeePerGas=hex(base_fee), hash=None, nonce=None, miner=None)
    view["transactions"] = [transaction_view(item) if full else data(item.hash) for item in transactions]
    return view
