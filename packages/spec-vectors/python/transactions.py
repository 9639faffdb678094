"""Studies, acceptances and transactions (docs/spec/transactions.md)."""
import ed25519
from canonical import H, decode, encode, hkdf_sha256, hmac_sha256, sha256
from shapes import BYTES, ID, KEY, SIGNATURE, TEXT, UINT, Shape, choice, list_of, literal, optional, struct

KINDS = {"define-source": 1, "move-source": 2, "rotate-key": 3, "define-study": 4, "amend-study": 5, "retire-study": 6,
         "allow-access": 7, "revoke-access": 8, "set-delegate": 9, "move-owner": 10, "report-misconduct": 11,
         "attest": 12, "resume": 13}
ROLES = {"signing": 1, "node": 2, "vrf": 3}
REASONS = {"other": 0, "owner-request": 1, "wrong-patient": 2, "no-longer-held": 3, "reissued": 4}

_ADMISSIONS = {
    "work": struct(kind=choice({"work": 1}), height=UINT, blockId=ID, counter=UINT),
    "attestation": struct(kind=choice({"attestation": 2}), authority=KEY, untilHeight=UINT, signature=SIGNATURE),
}
_ADMISSION = Shape(lambda value: _ADMISSIONS[value["kind"]].write(value),
                   lambda items: _ADMISSIONS[{1: "work", 2: "attestation"}[items[0]]].read(items))
PAYLOADS = {
    "define-source": struct(source=ID, name=TEXT, baseUrl=TEXT, tlsPins=list_of(ID), nodeKey=KEY,
                            nodeKeyProof=SIGNATURE, vrfKey=KEY, vrfKeyProof=SIGNATURE, admission=optional(_ADMISSION)),
    "move-source": struct(source=ID, baseUrl=TEXT, tlsPins=list_of(ID), name=TEXT),
    "rotate-key": struct(source=ID, role=choice(ROLES), newKey=KEY, proof=SIGNATURE),
    "define-study": struct(source=ID, studyId=ID, owner=KEY, acceptance=SIGNATURE, content=ID),
    "amend-study": struct(source=ID, studyId=ID, content=ID),
    "retire-study": struct(source=ID, studyId=ID, reason=choice(REASONS)),
    "allow-access": struct(source=ID, studyId=ID, tag=ID, sequence=UINT, notAfterMs=UINT, scope=UINT,
                           consentReceiptHash=optional(ID)),
    "revoke-access": struct(source=ID, studyId=ID, tag=ID, sequence=UINT),
    "set-delegate": struct(source=ID, studyId=ID, delegate=optional(struct(key=KEY, acceptance=SIGNATURE)),
                           notAfterMs=UINT),
    "attest": struct(source=ID, admitUntilHeight=optional(UINT),
                     studies=optional(struct(period=UINT, countMax=UINT))),
    "resume": struct(source=ID),
    "move-owner": struct(source=ID, studyId=ID, newOwner=KEY, acceptance=SIGNATURE),
    "report-misconduct": struct(source=ID, nodeKey=KEY, epoch=UINT, evidence=BYTES),
}
_HEAD = struct(format=literal(1), kind=choice(KINDS), signer=KEY,
               expiryHeight=UINT, nonce=ID)

raw = bytes.fromhex


def manifest_of(entries):
    """Sorted by the bytes of the SOP Instance UID."""
    ordered = sorted(entries, key=lambda entry: entry["sopInstanceUid"].encode())
    return [[entry["sopInstanceUid"], entry["transferSyntaxUid"], raw(entry["sha256"])] for entry in ordered]


def study_id(source, study_salt, study_instance_uid):
    return H("radledger/study/1", raw(source), raw(study_salt), study_instance_uid)


def study(case):
    given = case["input"]
    secret, recipient = raw(given["studySecret"]), KEY.write(given["recipientKey"])
    study_salt, content_salt, grant_salt = (
        hkdf_sha256(secret, f"radledger/{name}-salt/1") for name in ("study", "content", "grant"))
    manifest = manifest_of(given["manifest"])
    opening = hmac_sha256(grant_salt, encode(recipient))
    values = {
        "studySalt": study_salt,
        "contentSalt": content_salt,
        "grantSalt": grant_salt,
        "studyId": study_id(given["source"], study_salt.hex(), given["studyInstanceUid"]),
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
        "attest-source": lambda: ["radledger/attest-source/1", *head, given["untilHeight"]],
        "owner": lambda: ["radledger/accept/1", *head, key],
        "delegate": lambda: ["radledger/accept-delegate/1", *head, raw(given["studyId"]), key],
        "move": lambda: ["radledger/accept-move/1", *head, raw(given["studyId"]), key],
    }.get(name, lambda: ["radledger/key/1", *head, ROLES[name]])()
    return ed25519.sign(seed, encode(message)).hex()


def _signed_message(chain_id, envelope):
    return encode(["radledger/tx/1", raw(chain_id), envelope])


def transaction(case):
    given = case["input"]
    seed, kind = raw(given["seed"]), given["kind"]
    head = {**given, "signer": ed25519.public_key(seed).hex()}
    envelope = [*_HEAD.write(head), PAYLOADS[kind].write(given["payload"])]
    message = _signed_message(given["chainId"], envelope)
    signature = ed25519.sign(seed, message)
    return {
        "bytes": encode([envelope, [1, signature]]).hex(),
        "txId": sha256(message).hex(),
        "signature": signature.hex(),
    }


def read_transaction(signed, chain_id):
    """Signed bytes -> what they say, with the id; the signature must hold."""
    envelope, signature = decode(signed)
    read = _HEAD.read(envelope[:-1])
    message = _signed_message(chain_id, envelope)
    if not ed25519.verify_zip215(raw(read["signer"]), message, raw(SIGNATURE.read(signature))):
        raise ValueError("a signature that does not hold")
    return {**read, "payload": PAYLOADS[read["kind"]].read(envelope[-1]), "txId": sha256(message)}
