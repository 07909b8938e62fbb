"""The root of an ordered list (a block's transactions or receipts), built once from the bottom up.

Inserting one item after the other into a general trie encodes every node on the way again; a block is known whole.
https://ethereum.org/en/developers/docs/data-structures-and-encoding/patricia-merkle-trie/
"""

from eth_utils import keccak

Path = tuple[int, ...]


def rlp(item: "bytes | list") -> bytes:
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(0x80, len(item)) + item
    body = b"".join(rlp(part) for part in item)
    return _prefix(0xC0, len(body)) + body


def _prefix(offset: int, length: int) -> bytes:
    if length < 56:
        return bytes([offset + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([offset + 55 + len(size)]) + size


def _hex_prefix(path: Path, leaf: bool) -> bytes:
    flag = 2 if leaf else 0
    nibbles = (flag + 1, *path) if len(path) % 2 else (flag, 0, *path)
    return bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))


def _node(pairs: list[tuple[Path, bytes]], depth: int) -> list:
    """`pairs` are sorted by path and agree in their first `depth` nibbles."""
    if len(pairs) == 1:
        return [_hex_prefix(pairs[0][0][depth:], leaf=True), pairs[0][1]]
    first, last, shared = pairs[0][0], pairs[-1][0], depth
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        return [_hex_prefix(first[depth:shared], leaf=False), _reference(_node(pairs, shared))]
    branches: list[list[tuple[Path, bytes]]] = [[] for _ in range(16)]
    value = b""
    for path, item in pairs:
        if len(path) == depth:
            value = item
        else:
            branches[path[depth]].append((path, item))
    return [_reference(_node(branch, depth + 1)) if branch else b"" for branch in branches] + [value]


def _reference(node: list) -> "bytes | list":
    encoded = rlp(node)
    return node if len(encoded) < 32 else keccak(encoded)


def ordered_root(items: list[bytes]) -> bytes:
    """The keys are the RLP of the positions, as in a block's header."""
    pairs = []
    for index, item in enumerate(items):
        key = rlp(index.to_bytes((index.bit_length() + 7) // 8, "big"))
        pairs.append((tuple(nibble for byte in key for nibble in (byte >> 4, byte & 15)), item))
    return keccak(rlp(_node(sorted(pairs), 0)) if pairs else b"\x80")
