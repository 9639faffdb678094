"""Studies, acceptances and transactions (docs/spec/transactions.md)."""
import ed25519
from canonical import H, encode, hkdf_sha256, hmac_sha256, sha256

KINDS = ["define-source", "move-source", "rotate-key", "define-study", "amend-study", "retire-study", "allow-access",
         "revoke-access", "set-delegate", "move-owner"]
ROLES = {"signing": 1, "node": 2, "vrf": 3}
REASONS = {"other": 0, "owner-request": 1, "wrong-patient": 2, "no-longer-held": 3, "reissued": 4}


def raw(value):
    return bytes.fromhex(value)


def ed(value):
    """A key or signature: [algorithm, bytes], 1 = Ed25519."""
    return [1, raw(value)]


def study(case):
    given = case["input"]
    secret, source, recipient = raw(given["studySecret"]), raw(given["source"]), ed(given["recipientKey"])
    study_salt, content_salt, grant_salt = (
        hkdf_sha256(secret, f"radledger/{name}-salt/1") for name in ("study", "content", "grant"))
    entries = sorted(given["manifest"], key=lambda entry: entry["sopInstanceUid"].encode())
    manifest = [[e["sopInstanceUid"], e["transferSyntaxUid"], raw(e["sha256"])] for e in entries]
    opening = hmac_sha256(grant_salt, encode(recipient))
    values = {
        "studySalt": study_salt,
        "contentSalt": content_salt,
        "grantSalt": grant_salt,
        "studyId": H("radledger/study/1", source, study_salt, given["studyInstanceUid"]),
        "opening": opening,
        "tag": H("radledger/recipient/1", opening, recipient),
        "manifestBytes": encode(manifest),
        "content": H("radledger/content/1", content_salt, manifest),
    }
    return {name: value.hex() for name, value in values.items()}


def acceptance(case):
    given, name = case["input"], case["name"]
    head = [raw(given["chainId"]), raw(given["source"])]
    if name == "work":
        stamp = ["radledger/admission/1", *head, given["height"], raw(given["blockId"]), given["counter"]]
        return sha256(sha256(encode(stamp))).hex()
    seed = raw(given["seed"])
    key = [1, ed25519.public_key(seed)]
    message = {
        "owner": lambda: ["radledger/accept/1", *head, key],
        "delegate": lambda: ["radledger/accept-delegate/1", *head, raw(given["studyId"]), key],
        "move": lambda: ["radledger/accept-move/1", *head, raw(given["studyId"]), key],
    }.get(name, lambda: ["radledger/key/1", *head, ROLES[name]])()
    return ed25519.sign(seed, encode(message)).hex()


def _admission(stamp):
    return [] if stamp is None else [[1, stamp["height"], raw(stamp["blockId"]), stamp["counter"]]]


def _payload(kind, p):
    def pins():
        return [raw(pin) for pin in p["tlsPins"]]

    if kind == "define-source":
        return [raw(p["source"]), p["name"], p["baseUrl"], pins(), ed(p["nodeKey"]), ed(p["nodeKeyProof"]),
                ed(p["vrfKey"]), ed(p["vrfKeyProof"]), _admission(p.get("admission"))]
    if kind == "move-source":
        return [raw(p["source"]), p["baseUrl"], pins(), p["name"]]
    if kind == "rotate-key":
        return [raw(p["source"]), ROLES[p["role"]], ed(p["newKey"]), ed(p["proof"])]
    head = [raw(p["source"]), raw(p["studyId"])]
    if kind == "define-study":
        return head + [ed(p["owner"]), ed(p["acceptance"]), raw(p["content"])]
    if kind == "amend-study":
        return head + [raw(p["content"])]
    if kind == "retire-study":
        return head + [REASONS[p["reason"]]]
    if kind == "allow-access":
        receipt = [raw(p["consentReceiptHash"])] if "consentReceiptHash" in p else []
        return head + [raw(p["tag"]), p["sequence"], p["notAfterMs"], p["scope"], receipt]
    if kind == "revoke-access":
        return head + [raw(p["tag"]), p["sequence"]]
    if kind == "set-delegate":
        delegate = [[ed(p["delegate"]["key"]), ed(p["delegate"]["acceptance"])]] if "delegate" in p else []
        return head + [delegate, p["notAfterMs"]]
    if kind == "move-owner":
        return head + [ed(p["newOwner"]), ed(p["acceptance"])]
    raise ValueError(kind)


def transaction(case):
    given = case["input"]
    seed, kind = raw(given["seed"]), given["kind"]
    envelope = [1, KINDS.index(kind) + 1, [1, ed25519.public_key(seed)], given["expiryHeight"], raw(given["nonce"]),
                _payload(kind, given["payload"])]
    message = encode(["radledger/tx/1", raw(given["chainId"]), envelope])
    signature = ed25519.sign(seed, message)
    return {
        "bytes": encode([envelope, [1, signature]]).hex(),
        "txId": sha256(message).hex(),
        "signature": signature.hex(),
    }
