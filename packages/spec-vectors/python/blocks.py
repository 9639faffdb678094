"""Headers, bodies, the Merkle tree over a list, the order of transactions (docs/spec/blocks.md)."""
from canonical import H, encode
from shapes import BYTES, ID, UINT, list_of, literal, struct

HEADER = struct(format=literal(1), chainId=ID, height=UINT, parentId=ID, timestampMs=UINT, proposer=ID,
                transactionRoot=ID, stateRoot=ID, dutyRoot=ID, bodyBytes=UINT, sealKind=UINT, sealBytes=BYTES)
BODY = struct(transactions=list_of(BYTES), justification=BYTES)
EMPTY_ROOT = H("radledger/merkle-empty/1").hex()
CLASSES = {"define-source": 0, "move-source": 0, "rotate-key": 0, "define-study": 1, "amend-study": 1,
           "allow-access": 2, "set-delegate": 3, "move-owner": 4, "revoke-access": 5, "retire-study": 6, "attest": 7,
           "report-misconduct": 7, "resume": 7}


def header_bytes(header):
    return HEADER.encode(header)


def block_id(header):
    return H("radledger/block/1", HEADER.write(header)).hex()


def header(case):
    return {"bytes": header_bytes(case["input"]).hex(), "id": block_id(case["input"])}


def body_bytes(transactions, justification):
    return BODY.encode({"transactions": transactions, "justification": justification})


def body(case):
    given = case["input"]
    return {"bytes": body_bytes(given["transactions"], given["justification"]).hex(),
            "transactionRoot": merkle_root(given["transactions"])}


def _leaf(leaf):
    return H("radledger/merkle-leaf/1", bytes.fromhex(leaf))


def _node(left, right):
    return H("radledger/merkle-node/1", left, right)


def _tree(hashes):
    """RFC 9162, section 2.1.1: split at the largest power of two below the number of leaves."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return _node(_tree(hashes[:split]), _tree(hashes[split:]))


def merkle_root(leaves):
    return _tree([_leaf(leaf) for leaf in leaves]).hex() if leaves else EMPTY_ROOT


def _path(hashes, index):
    """RFC 9162, section 2.1.3.1: siblings from the leaf upwards."""
    if len(hashes) == 1:
        return []
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if index < split:
        return _path(hashes[:split], index) + [_tree(hashes[split:])]
    return _path(hashes[split:], index - split) + [_tree(hashes[:split])]


def verify_inclusion(root, leaf, index, size, path):
    """RFC 9162, section 2.1.3.2."""
    if index >= size:
        return False
    at, last, current = index, size - 1, _leaf(leaf)
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            current = _node(bytes.fromhex(sibling), current)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            current = _node(current, bytes.fromhex(sibling))
        at, last = at >> 1, last >> 1
    return last == 0 and current.hex() == root


def inclusion(case):
    """Root, and for each leaf the path, made and then verified."""
    leaves = case["input"]["leaves"]
    root, hashes = merkle_root(leaves), [_leaf(leaf) for leaf in leaves]
    paths = [[sibling.hex() for sibling in _path(hashes, index)] for index in range(len(leaves))]
    for index, path in enumerate(paths):
        assert verify_inclusion(root, leaves[index], index, len(leaves), path)
        assert not verify_inclusion(root, leaves[index] + "00", index, len(leaves), path)
        assert not verify_inclusion(root, leaves[index], index, len(leaves), path + [root])
    return {"root": root, "paths": paths}


def order_key(transaction, parent_id):
    lot = H("radledger/order/1", bytes.fromhex(parent_id), transaction["txId"])
    return CLASSES[transaction["kind"]], lot
