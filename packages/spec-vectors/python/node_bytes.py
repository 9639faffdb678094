"""Handshake and envelopes of nodes (docs/spec/peer-protocol.md), and the sign-log (docs/spec/storage.md, section 5)."""
import ed25519
from canonical import encode, sha256

raw = bytes.fromhex


def hello(given):
    seed, chain_id, role = raw(given["nodeSeed"]), raw(given["chainId"]), given["role"]
    signature = ed25519.sign(seed, encode(["radledger/peer/1", chain_id, raw(given["sessionValue"]), role]))
    return encode(["radledger/peer/1", chain_id, role, [1, ed25519.public_key(seed)], [1, signature]]).hex()


def envelope(given):
    return encode([given["topic"], given["kind"], given["requestId"], raw(given["payload"])]).hex()


def peer(case):
    return hello(case["input"]) if "nodeSeed" in case["input"] else envelope(case["input"])


def _framed(record, index):
    head = len(record).to_bytes(4, "big") + index.to_bytes(4, "big")
    checked = head + sha256(head)[:4] + record
    return checked + sha256(checked)[:16]


def sign_log(case):
    given = case["input"]
    first = encode(["radledger/sign-log/1", [1, raw(given["nodeKey"])], given["createdAtMs"]])
    records = [first, *map(raw, given["records"])]
    return b"".join(_framed(record, index) for index, record in enumerate(records)).hex()
