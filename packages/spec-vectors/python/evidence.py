"""Evidence of misconduct: what it rests on and whom it convicts (docs/spec/evidence.md)."""
import ed25519
from blocks import HEADER
from canonical import Refused, decode, encode, sha256
from consensus import committee_of, committee_root, leader_of
from shapes import AMOUNT, ID, KEY, SIGNATURE, UINT, list_of, struct
from simplex import SEAL, VOTE_KINDS, certificate_holds, vote_value

raw = bytes.fromhex
MEMBER = struct(source=ID, nodeKey=KEY, vrfKey=KEY, weight=AMOUNT)
PAIRS = {1: "proposal", 2: "notarize", 3: "finalize"}


def _vote(value):
    kind = VOTE_KINDS[value[0]]
    vote = {"kind": kind, "view": value[1]}
    if kind == "nullify":
        return {**vote, "reason": value[2], **({"blockId": value[3][0].hex()} if value[3] else {})}
    return {**vote, "blockId": value[2].hex(), **({"timestampMs": value[3]} if kind == "notarize" else {})}


def _certificate(value):
    return {"epoch": value[0], "groups": [
        {"vote": _vote(vote), "signatures": [[seat, SIGNATURE.read(signature)] for seat, signature in signatures]}
        for vote, signatures in value[1]]}


def _signed(given, epoch, root, key, vote, signature):
    message = encode(["radledger/simplex/1", raw(given["chainId"]), epoch, root, vote_value(vote)])
    return ed25519.verify_zip215(raw(key), message, raw(signature))


def _excluding(a, b):
    """The number of the pair that two votes are."""
    if a["view"] != b["view"]:
        return None
    if a["kind"] != b["kind"]:
        return 4 if {a["kind"], b["kind"]} == {"nullify", "finalize"} else None
    if a["kind"] == "nullify" or a["blockId"] == b["blockId"]:
        return None
    return {kind: number for number, kind in PAIRS.items()}[a["kind"]]


def _leader(given, view):
    epoch = given["epoch"]
    return leader_of(given["chainId"], epoch["seed"], epoch["epoch"], epoch["members"], view)


def _convict(kind, given, view, verdict, members):
    return {"kind": kind, "epoch": given["epoch"]["epoch"], "view": view, "verdict": verdict,
            "offenders": [{"source": each["source"], "nodeKey": each["nodeKey"]} for each in members]}


def _pair(given, voters, root, value):
    _format, kind, epoch, said_root, key_value, first, second = value
    key = KEY.read(key_value)
    if encode(first) >= encode(second) or said_root != root:
        return None
    votes = [(_vote(vote), SIGNATURE.read(signature)) for vote, signature in (first, second)]
    if not all(_signed(given, epoch, said_root, key, vote, signature) for vote, signature in votes):
        return None
    (a, _), (b, _) = votes
    if _excluding(a, b) != kind:
        return None
    who = [_leader(given, a["view"])] if a["kind"] == "proposal" else voters
    found = [each for each in who if each["nodeKey"] == key]
    return _convict(kind, given, a["view"], "EQUIVOCATED", found) if found else None


def _proposal(given, root, value):
    _format, kind, epoch, said_root, key_value, view, signature, header_bytes, offence = value
    key, leader = KEY.read(key_value), _leader(given, view)
    block = sha256(b"\x92" + encode("radledger/block/1") + header_bytes)
    vote = {"kind": "proposal", "view": view, "blockId": block.hex()}
    if said_root != root or leader["nodeKey"] != key:
        return None
    if not _signed(given, epoch, said_root, key, vote, SIGNATURE.read(signature)):
        return None
    header = HEADER.decode(header_bytes)
    broken = _offends(given, header, decode(offence[0])) if offence else _breaks_seal(given, header, view)
    return _convict(kind, given, view, "INVALID", [leader]) if broken else None


def _breaks_seal(given, header, view):
    """All but the random proof."""
    epoch, heights = given["epoch"]["epoch"], given["epochHeights"]
    if header["chainId"] != given["chainId"] or header["sealKind"] != 1:
        return True
    seal = SEAL.decode(raw(header["sealBytes"]))
    if seal["epoch"] != epoch or (header["height"] - 1) // heights != epoch:
        return True
    if _leader(given, seal["view"])["source"] != header["proposer"]:
        return True
    again = seal["view"] < view and header["height"] % heights == 0
    return seal["view"] != view and not again


def _offends(given, header, offence):
    """Beside the parent: the one form of an offence that needs neither transactions nor cells."""
    number, parent_bytes = offence
    parent = HEADER.decode(parent_bytes)
    if number != 2 or sha256(b"\x92" + encode("radledger/block/1") + parent_bytes).hex() != header["parentId"]:
        return False
    earliest = parent["timestampMs"] + max(1, given["minimumIntervalMs"])
    return header["height"] != parent["height"] + 1 or header["timestampMs"] < earliest


def _certificates(given, voters, root, value):
    kind, epoch, committee = value[1], value[2], list_of(MEMBER).read(value[3])
    certificates = [_certificate(each) for each in value[4:]]
    if raw(committee_root(given["chainId"], epoch, committee)) != root:
        return None
    if not all(certificate_holds(given, each) for each in certificates):
        return None
    statements = [each["groups"][0]["vote"] for each in certificates]
    view = statements[0]["view"]
    if kind == 6:
        return _convict(6, given, view, "LATE", [_leader(given, view)]) if statements[0]["kind"] == "notarize" else None
    if encode(value[4]) >= encode(value[5]) or _excluding(*statements) is None:
        return None
    seats = [{seat for group in each["groups"] for seat, _ in group["signatures"]} for each in certificates]
    both = sorted(seats[0] & seats[1])
    return _convict(7, given, view, "EQUIVOCATED", [voters[seat] for seat in both])


def judged(case):
    given = case["input"]
    epoch = given["epoch"]
    voters = committee_of(epoch["members"], epoch["committeeMax"])
    root = raw(committee_root(given["chainId"], epoch["epoch"], voters))
    try:
        value = decode(raw(given["evidence"]))
    except Refused:
        return None
    if not isinstance(value, list) or value[0] != 1 or value[2] != epoch["epoch"]:
        return None
    if value[1] in (6, 7):
        return _certificates(given, voters, root, value)
    return _proposal(given, root, value) if value[1] == 5 else _pair(given, voters, root, value)
