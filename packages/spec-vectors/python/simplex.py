"""Votes, certificates, seals, messages and finality proofs of the module simplex/1 (docs/spec/simplex.md)."""
import ed25519
from blocks import BODY, HEADER, block_id, header_bytes
from canonical import H, decode, encode
from consensus import committee_of, committee_root, is_quorum, leader_of, total_weight
from shapes import BYTES, ID, SIGNATURE, UINT, list_of, literal, optional, struct

raw = bytes.fromhex
VOTE_KINDS = ["proposal", "notarize", "nullify", "finalize"]
MESSAGES = ["proposal", "vote", "certificate", "fetch-blocks", "block", "status", "fetch-certificates",
            "ask-newest-vote", "newest-vote"]


# Section 2: votes.


def vote_value(vote):
    """[kind, view, ...]: a block; to notarize also its timestamp; to nullify a reason and perhaps a block."""
    kind, head = vote["kind"], [VOTE_KINDS.index(vote["kind"]), vote["view"]]
    if kind == "nullify":
        return head + [vote["reason"], optional(ID).write(vote.get("blockId"))]
    return head + [raw(vote["blockId"])] + ([vote["timestampMs"]] if kind == "notarize" else [])


def _epoch_of(given):
    epoch = given["epoch"]
    members = committee_of(epoch["members"], epoch["committeeMax"])
    return epoch["epoch"], members, committee_root(given["chainId"], epoch["epoch"], members)


def signed_bytes(given, vote):
    epoch, _members, root = _epoch_of(given)
    return encode(["radledger/simplex/1", raw(given["chainId"]), epoch, raw(root), vote_value(vote)])


def vote(case):
    given = case["input"]
    message = signed_bytes(given, given["vote"])
    return {"signedBytes": message.hex(), "signature": ed25519.sign(raw(given["seed"]), message).hex()}


# Section 3: certificates.


def certificate_value(certificate):
    return [certificate["epoch"], [
        [vote_value(group["vote"]), [[seat, [1, raw(signature)]] for seat, signature in group["signatures"]]]
        for group in certificate["groups"]]]


def certificate_of(epoch, votes):
    """Groups of equal votes, sorted by the bytes of the vote; in each, seats ascend. Votes: seat, vote, signature."""
    groups = {}
    for each in sorted(votes, key=lambda each: each["seat"]):
        group = groups.setdefault(encode(vote_value(each["vote"])), {"vote": each["vote"], "signatures": []})
        group["signatures"].append([each["seat"], each["signature"]])
    return {"epoch": epoch, "groups": [group for _, group in sorted(groups.items())]}


def certificate_holds(given, certificate):
    """Shape, weight and signatures."""
    epoch, members, _root = _epoch_of(given)
    groups = certificate["groups"]
    first = groups[0]["vote"]
    order = [encode(vote_value(group["vote"])) for group in groups]
    if certificate["epoch"] != epoch or first["kind"] == "proposal" or order != sorted(set(order)):
        return False
    if first["kind"] != "nullify" and len(groups) != 1:
        return False
    if any((group["vote"]["kind"], group["vote"]["view"]) != (first["kind"], first["view"]) for group in groups):
        return False
    lists = [[seat for seat, _ in group["signatures"]] for group in groups]
    seats = sum(lists, [])
    if any(each != sorted(each) for each in lists) or len(set(seats)) != len(seats) or max(seats) >= len(members):
        return False
    weight = sum(int(members[seat]["weight"]) for seat in seats)
    return is_quorum(weight, total_weight(members)) and all(
        ed25519.verify_zip215(raw(members[seat]["nodeKey"]), signed_bytes(given, group["vote"]), raw(signature))
        for group in groups for seat, signature in group["signatures"])


def certificate(case):
    """Made from signed votes."""
    given = case["input"]
    made = certificate_of(given["epoch"]["epoch"], given["votes"])
    assert certificate_holds(given, made)
    return encode([MESSAGES.index("certificate"), certificate_value(made)]).hex()


def judged_certificate(case):
    return certificate_holds(case["input"], case["input"]["certificate"])


# Section 4: the seal; section 5: the justification.

SEAL = struct(epoch=UINT, view=UINT, vrfProof=BYTES, justificationRoot=ID)


def justification_root(justification):
    return H("radledger/simplex-justification/1", justification).hex()


def seal(case):
    return SEAL.encode(case["input"]).hex()


def justification_bytes(given):
    def many(certificates):
        return [certificate_value(each) for each in certificates]

    parent, tail = given.get("parent"), given.get("tail")
    return encode([
        [] if parent is None else [certificate_value(parent)],
        many(given["nullifications"]),
        [] if tail is None else [[tail["firstView"], many(tail["certificates"])]],
    ])


def justification(case):
    made = justification_bytes(case["input"])
    return {"bytes": made.hex(), "root": justification_root(made)}


# Section 6: messages.


def _signed_vote(signed):
    return [signed["seat"], vote_value(signed["vote"]), SIGNATURE.write(signed["signature"])]


def _block(block):
    return [HEADER.encode(block["header"]), BODY.encode(block["body"])]


def _content(m):
    kind = m["type"]
    if kind == "proposal":
        again = optional(BYTES).write(m.get("again"))
        return [m["epoch"], m["view"], SIGNATURE.write(m["signature"]), *_block(m["block"]), again]
    if kind == "vote":
        return [m["epoch"], _signed_vote(m["signed"])]
    if kind == "certificate":
        return certificate_value(m["certificate"])
    if kind == "fetch-blocks":
        return list_of(ID).write(m["ids"])
    if kind == "block":
        return _block(m["block"])
    if kind == "status":
        return [m["epoch"], m["view"], m["finalizedHeight"]]
    if kind == "fetch-certificates":
        return [m["epoch"], m["fromView"], m["toView"]]
    if kind == "ask-newest-vote":
        return raw(m["source"])
    newest = m.get("newest")
    return [raw(m["source"]), [] if newest is None else [[newest["epoch"], _signed_vote(newest["signed"])]]]


def message(case):
    """[number of the kind, content]."""
    return encode([MESSAGES.index(case["input"]["type"]), _content(case["input"])]).hex()


# Section 7: finality.

def finality(case):
    """A proof made from headers and votes; it shows that the first header is final."""
    given = case["input"]
    chain = [given["header"], *given["descendants"]]
    for parent, child in zip(chain, chain[1:]):
        assert child["parentId"] == block_id(parent)
    made = certificate_of(given["epoch"]["epoch"], given["votes"])
    statement = made["groups"][0]["vote"]
    assert statement["kind"] == "finalize" and statement["blockId"] == block_id(chain[-1])
    assert certificate_holds(given, made)
    return encode([1, [header_bytes(each) for each in given["descendants"]], certificate_value(made)]).hex()


# Section 8: duties.


def duty_events(case):
    """Which views a block closes, and how: a tail of the epoch before, those given up, and its own."""
    return closed_views(case["input"])


def closed_views(given):
    own = SEAL.decode(raw(given["header"]["sealBytes"]))
    epochs = _epochs_of(given)
    parent, nullifications, tail = decode(raw(given["justification"]))
    parent_epoch, parent_view = (parent[0][0], _view_of(parent[0])) if parent else (None, 0)
    events = []

    def close(epoch, views, certificates, own_view=None):
        shown = {_view_of(certificate): certificate[1] for certificate in certificates}
        events.extend(_duty_event(given, epochs[epoch], view, shown.get(view), view == own_view) for view in views)

    if tail:
        first, certificates = tail[0]
        close(parent_epoch, range(first, parent_view + 1), [*certificates, parent[0]])
    first = parent_view + 1 if parent_epoch == own["epoch"] else 1
    close(own["epoch"], range(first, own["view"] + 1), nullifications, own["view"])
    return events


def voters_shown(given):
    """Everyone whose signature stands in a certificate of the justification."""
    epochs, (parent, nullifications, tail) = _epochs_of(given), decode(raw(given["justification"]))
    certificates = [*parent, *nullifications, *(tail[0][1] if tail else [])]
    return {_seats(epochs[epoch])[seat]["source"]
            for epoch, groups in certificates for _vote, signatures in groups for seat, _signature in signatures}


def _epochs_of(given):
    return {each["epoch"]: each for each in (given["epoch"], given.get("previousEpoch")) if each}


def _seats(epoch):
    return committee_of(epoch["members"], epoch["committeeMax"])


def _view_of(certificate):
    """Of its first group: [vote, signatures], and a vote is [kind, view, ...]."""
    return certificate[1][0][0][1]


def _duty_event(given, epoch, view, groups, is_own):
    seats, weights, invalid, declined = _seats(epoch), [0, 0, 0, 0], 0, False
    leader = leader_of(given["chainId"], epoch["seed"], epoch["epoch"], epoch["members"], view)
    how = "PRODUCED" if is_own else "UNRECORDED"
    for vote_of, signatures in groups or []:
        if vote_of[0] != VOTE_KINDS.index("nullify"):  # the boundary block, proposed again
            how = "PRODUCED"
            continue
        how, reason = "NULLIFIED", vote_of[2]
        weight = sum(int(seats[seat]["weight"]) for seat, _ in signatures)
        weights[reason] += weight
        if reason == 1:  # a group for each block that is called invalid
            invalid = max(invalid, weight)
        if reason == 3:
            declined = declined or leader["source"] in {seats[seat]["source"] for seat, _ in signatures}
    why = {"invalidWeight": str(invalid), "leaderDeclined": declined} if how == "NULLIFIED" else {}
    return {"height": given["header"]["height"], "epoch": epoch["epoch"], "view": view, "source": leader["source"],
            "class": how, "reasonWeights": [str(weight) for weight in weights],
            "totalWeight": str(total_weight(seats)), **why}
