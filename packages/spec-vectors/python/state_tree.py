"""The sparse Merkle tree over all cells and its proofs (docs/spec/state.md, sections 3, 6 and 7)."""
from canonical import H
from cells import hashed_key
from shapes import BYTES, ID, UINT, list_of, optional, struct

EMPTY = bytes(32)
PROOF = struct(depth=UINT, bitmap=BYTES, siblings=list_of(ID),
               other=optional(struct(key=ID, valueHash=ID)))


def bit(key, index):
    return key[index >> 3] >> (7 - index % 8) & 1


def _value_hash(value):
    return H("radledger/value/1", bytes.fromhex(value))


def _leaf(key, value_hash):
    return H("radledger/leaf/1", key, value_hash)


def _branch(left, right):
    return H("radledger/branch/1", left, right)


def _leaves(cells):
    return [(hashed_key(name), _value_hash(value)) for name, value in cells.items()]


def _root(leaves, depth):
    """A subtree without cells is 32 zeros, one with a single cell is that leaf, any other a branch of its halves."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return _leaf(*leaves[0])
    halves = _halves(leaves, depth)
    return _branch(_root(halves[0], depth + 1), _root(halves[1], depth + 1))


def _halves(leaves, depth):
    return [[leaf for leaf in leaves if bit(leaf[0], depth) == side] for side in (0, 1)]


def state_root(cells):
    """Cells: name -> value, both hex."""
    return _root(_leaves(cells), 0).hex()


def _descend(leaves, key, depth_max):
    """Siblings from the root down to where at most one cell is left, or `depth_max`; and the cells there."""
    siblings = []
    while len(leaves) > 1 and len(siblings) < depth_max:
        depth = len(siblings)
        halves = _halves(leaves, depth)
        siblings.append(_root(halves[1 - bit(key, depth)], depth + 1))
        leaves = halves[bit(key, depth)]
    return siblings, leaves


def _write_proof(siblings, other):
    marks = "".join("0" if sibling == EMPTY else "1" for sibling in siblings)
    size = (len(siblings) + 7) // 8
    bitmap = int(marks.ljust(size * 8, "0") or "0", 2).to_bytes(size, "big")
    named = {"key": other[0].hex(), "valueHash": other[1].hex()} if other else None
    present = [sibling.hex() for sibling in siblings if sibling != EMPTY]
    return PROOF.encode({"depth": len(siblings), "bitmap": bitmap.hex(), "siblings": present, "other": named}).hex()


def _read_proof(encoded):
    """Siblings from the root down and the other leaf; refuses any second form of the same proof."""
    proof = PROOF.decode(bytes.fromhex(encoded))
    bitmap, given = bytes.fromhex(proof["bitmap"]), [bytes.fromhex(each) for each in proof["siblings"]]
    depth = proof["depth"]
    if depth > 256 or len(bitmap) != (depth + 7) // 8 or EMPTY in given:
        raise ValueError("a malformed proof")
    marks = [bit(bitmap, index) for index in range(8 * len(bitmap))]
    if any(marks[depth:]) or sum(marks) != len(given):
        raise ValueError("a map that does not fit the siblings")
    rest = iter(given)
    other = proof.get("other")
    return ([next(rest) if mark else EMPTY for mark in marks[:depth]],
            other and (bytes.fromhex(other["key"]), bytes.fromhex(other["valueHash"])))


def _fold(key, siblings, end):
    for depth in reversed(range(len(siblings))):
        end = _branch(siblings[depth], end) if bit(key, depth) else _branch(end, siblings[depth])
    return end.hex()


def _shares(a, b, bits):
    return all(bit(a, index) == bit(b, index) for index in range(bits))


def prove_cell(cells, name):
    key = hashed_key(name)
    siblings, rest = _descend(_leaves(cells), key, 256)
    return _write_proof(siblings, rest[0] if rest and rest[0][0] != key else None)


def verify_cell(root, name, value, encoded):
    """Whether the cell has this value, or (None) is absent, under the root."""
    try:
        siblings, other = _read_proof(encoded)
    except (ValueError, KeyError):
        return False
    if siblings and siblings[-1] == EMPTY:
        return False  # a leaf or gap hangs beside other cells
    key, end = hashed_key(name), EMPTY
    if value is not None:
        if other:
            return False
        end = _leaf(key, _value_hash(value))
    elif other:
        if other[0] == key or not _shares(other[0], key, len(siblings)):
            return False
        end = _leaf(*other)
    return _fold(key, siblings, end) == root


def _prefix_key(prefix):
    return bytes.fromhex(prefix.ljust(64, "0"))


def prove_bucket(cells, prefix):
    """All cells whose hashed key begins with the hex digits, in the order of these keys, and the proof."""
    bits, key = 4 * len(prefix), _prefix_key(prefix)
    inside = sorted((name for name in cells if hashed_key(name).hex().startswith(prefix)), key=hashed_key)
    siblings, rest = _descend(_leaves(cells), key, bits)
    other = rest[0] if len(rest) == 1 and not _shares(rest[0][0], key, bits) else None
    return [[name, cells[name]] for name in inside], _write_proof(siblings, other)


def verify_bucket(root, prefix, cells, encoded):
    """Whether these are exactly the cells of the bucket under the root."""
    try:
        siblings, other = _read_proof(encoded)
    except (ValueError, KeyError):
        return False
    bits, key, depth = 4 * len(prefix), _prefix_key(prefix), len(siblings)
    leaves = _leaves(dict(cells))
    if depth > bits or len(leaves) != len(cells) or not all(_shares(leaf[0], key, bits) for leaf in leaves):
        return False
    if depth < bits and (len(leaves) > 1 or (siblings and siblings[-1] == EMPTY)):
        return False
    end = _root(leaves, depth)
    if other:
        if leaves or not _shares(other[0], key, depth) or _shares(other[0], key, bits):
            return False
        end = _leaf(*other)
    return _fold(key, siblings, end) == root


def key_set(case):
    given = case["input"]
    cells = dict(given["cells"])
    root = state_root(cells)
    proofs = []
    for name in given["names"]:
        value, proof = cells.get(name), prove_cell(cells, name)
        assert verify_cell(root, name, value, proof)
        assert not verify_cell(root, name, "00" if value is None else None, proof)
        proofs.append({"value": value, "proof": proof})
    buckets = []
    for prefix in given["prefixes"]:
        inside, proof = prove_bucket(cells, prefix)
        assert verify_bucket(root, prefix, inside, proof)
        assert not inside or not verify_bucket(root, prefix, inside[1:], proof)
        buckets.append({"cells": inside, "proof": proof})
    return {"root": root, "proofs": proofs, "buckets": buckets}


def judged(case):
    """Proofs that somebody hands over, most of them forged: whether they hold."""
    given = case["input"]
    if "prefix" in given:
        return verify_bucket(given["root"], given["prefix"], given["cells"], given["proof"])
    return verify_cell(given["root"], given["name"], given["value"], given["proof"])


# Section 5: what a store keeps. No hash covers it.


def _node(names, leaves, depth):
    """The 16 children below a place whose nibbles all leaves share, and the groups of four that are branches."""
    children = [[leaf for leaf in leaves if _nibble(leaf[0], depth) == nibble] for nibble in range(16)]
    present = leaf_mask = 0
    body = b""
    for inside in children:
        present, leaf_mask = present << 1 | bool(inside), leaf_mask << 1 | (len(inside) == 1)
        if inside:
            body += _root(inside, 4 * depth + 4)
        if len(inside) == 1:
            name = names[inside[0][0]]
            body += bytes([len(name)]) + name
    for group in range(0, 16, 4):
        inside = sum(children[group:group + 4], [])
        body += _root(inside, 4 * depth + 2) if len(inside) > 1 else b""
    return present.to_bytes(2, "big") + leaf_mask.to_bytes(2, "big") + body


def _nibble(key, depth):
    return key[depth >> 1] >> (0 if depth & 1 else 4) & 15


def store_nodes(cells):
    """Path -> node, both hex, for the root and every deeper place of four bits that holds two cells or more."""
    names = {hashed_key(name): bytes.fromhex(name) for name in cells}
    nodes, places = {}, {"": _leaves(cells)}
    while places:
        deeper = {}
        for prefix, leaves in places.items():
            if len(leaves) < (2 if prefix else 1):
                continue
            depth = len(prefix)
            nodes[f"{depth:02x}{prefix}{'0' * (depth % 2)}"] = _node(names, leaves, depth).hex()
            for leaf in leaves:
                deeper.setdefault(leaf[0].hex()[:depth + 1], []).append(leaf)
        places = deeper
    return nodes


def nodes_of(case):
    return store_nodes(dict(case["input"]["cells"]))
