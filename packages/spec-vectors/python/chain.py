"""A chain replayed from its genesis: block order, effects of each transaction, seeds, epochs, roots and ids.

docs/spec/blocks.md, section 4; transactions.md, section 9; leader-election.md, sections 1 and 2. Only what valid
transactions do: which ones are refused, and with what code, is for the tests of the package `chain`.
"""
import ed25519
from blocks import block_id, body_bytes, header_bytes, merkle_root, order_key
from cells import (allows_capacity, attests_capacity, cell_name, decode_cell, encode_cell, new_quotas, rate_at,
                   spend_source, spend_study, studies_capacity, study_capacity)
from consensus import is_before_cut_off, running_seed_start, running_seed_step
from duties import close_epoch as close_duties, close_views, count, no_duty, no_views, with_voters
from genesis import genesis_cells, genesis_header
from simplex import SEAL, closed_views, voters_shown
from stake import is_period_live, snapshot_at
from state_tree import state_root
from transactions import read_transaction

KEY_FIELDS = {"signing": "signingKey", "node": "nodeKey", "vrf": "vrfKey"}


class State:
    """All cells by name, both hex."""

    def __init__(self, cells, parameters, policies):
        self.cells, self.parameters, self.policies = cells, parameters, policies

    def get(self, kind, *ids):
        encoded = self.cells.get(cell_name(kind, *ids))
        return None if encoded is None else decode_cell(kind, encoded)

    def put(self, kind, value, *ids):
        self.cells[cell_name(kind, *ids)] = encode_cell(kind, value)

    def drop(self, kind, *ids):
        self.cells.pop(cell_name(kind, *ids), None)

    def all_of(self, kind):
        """Ids (hex, the first 32 bytes after the slash) and cells of one kind, in the order of names."""
        start = (kind + "/").encode().hex()
        return [(name[len(start):len(start) + 64], decode_cell(kind, self.cells[name]))
                for name in sorted(self.cells) if name.startswith(start)]


def apply(state, transaction, height):
    kind, payload, parameters = transaction["kind"], transaction["payload"], state.parameters
    source = payload["source"]
    if kind == "define-source":
        return _define_source(state, payload, height)
    if kind == "attest":
        return _attest(state, transaction["signer"], payload, height)
    cell = state.get("source", source)
    if kind == "move-source":
        return state.put("source", {**cell, "endpoint": _endpoint(payload)}, source)
    if kind == "rotate-key":
        role, key = payload["role"], payload["newKey"]
        rate = rate_at(cell["rate"], height, parameters)
        quota = spend_source(cell["studyQuota"], studies_capacity(rate, parameters), height, parameters)
        cell = {**cell, "studyQuota": quota, "rate": rate}
        state.put("key", {"source": source, "role": role, "tombstoned": False}, key)
        return state.put("source", {**cell, KEY_FIELDS[role]: key}, source)
    study_id = payload["studyId"]
    if kind == "define-study":
        return _define_study(state, payload, cell, height)
    study = state.get("study", source, study_id)
    if kind == "amend-study":
        study = {**study, "content": payload["content"], "contentHeight": height}
    elif kind == "retire-study":
        study = {**study, "retired": {"reason": payload["reason"], "height": height}}
        _retire_stake(state, source, study, height)
    elif kind in ("allow-access", "revoke-access"):
        study = _record_grant(state, transaction, cell, study, height)
    elif kind == "set-delegate":
        delegate = payload.get("delegate")
        study = {**study, "delegate": None}
        if delegate is not None:
            study["delegate"] = {"key": delegate["key"], "notAfterMs": payload["notAfterMs"]}
            study["quota"] = spend_study(study["quota"], height, parameters)
            state.put("owner", {"source": source, "studyId": study_id, "role": "delegate"}, delegate["key"])
    elif kind == "move-owner":
        owner = payload["newOwner"]
        study = {**study, "owner": owner, "era": study["era"] + 1, "delegate": None,
                 "quota": spend_study(study["quota"], height, parameters)}
        state.put("owner", {"source": source, "studyId": study_id, "role": "owner"}, owner)
    return state.put("study", study, source, study_id)


def _endpoint(payload):
    return {name: payload[name] for name in ("name", "baseUrl", "tlsPins")}


def _define_source(state, payload, height):
    source, existing = payload["source"], state.get("source", payload["source"])
    if existing is not None:  # of genesis: it gets its endpoint
        return state.put("source", {**existing, "endpoint": _endpoint(payload)}, source)
    admission = payload.get("admission")
    if admission is not None and admission["kind"] == "attestation":
        _spend_of_authority(state, admission["authority"], height)
    keys = {"signing": source, "node": payload["nodeKey"], "vrf": payload["vrfKey"]}
    for role, key in keys.items():
        state.put("key", {"source": source, "role": role, "tombstoned": False}, key)
    state.put("source", {
        "endpoint": _endpoint(payload), **{KEY_FIELDS[role]: key for role, key in keys.items()}, "endowment": 0,
        "admittedHeight": height, "studies": 0, **new_quotas(height, state.parameters)}, source)


def _spend_of_authority(state, key, height):
    cell = state.get("authority", key)
    quota = spend_source(cell["quota"], attests_capacity(state.parameters), height, state.parameters)
    state.put("authority", {**cell, "quota": quota}, key)
    return cell["index"]


def _attest(state, signer, payload, height):
    """An authority admits a source, or says how many of its studies of a period are real, or both."""
    source, authority = payload["source"], _spend_of_authority(state, signer, height)
    cell = state.get("attested", source) or {"admitUntilHeight": 0, "maxima": []}
    if payload.get("admitUntilHeight") is not None:
        cell["admitUntilHeight"] = payload["admitUntilHeight"]
    studies = payload.get("studies")
    if studies is not None:
        others = [each for each in cell["maxima"]
                  if (each["period"], each["authority"]) != (studies["period"], authority)
                  and is_period_live(each["period"], height, state.parameters)]
        cell["maxima"] = sorted([*others, {**studies, "authority": authority}],
                                key=lambda each: (each["period"], each["authority"]))
    state.put("attested", cell, source)


def _define_study(state, payload, cell, height):
    parameters = state.parameters
    source, study_id, owner = payload["source"], payload["studyId"], payload["owner"]
    rate = rate_at(cell["rate"], height, parameters)
    quota = spend_source(cell["studyQuota"], studies_capacity(rate, parameters), height, parameters)
    state.put("source", {**cell, "studyQuota": quota, "rate": {**rate, "count": rate["count"] + 1},
                         "studies": cell["studies"] + 1}, source)
    state.put("study", {
        "owner": owner, "era": 0, "content": payload["content"], "definedHeight": height, "contentHeight": height,
        "quota": {"units": study_capacity(parameters), "height": height}}, source, study_id)
    state.put("owner", {"source": source, "studyId": study_id, "role": "owner"}, owner)
    epoch = _epoch_of(height, parameters)
    counted = state.get("stake", source, epoch) or {"count": 0}
    state.put("stake", {"count": counted["count"] + 1}, source, epoch)


def _retire_stake(state, source, study, height):
    """The study leaves the count of the epoch it was defined in; a count of nothing is no cell."""
    epoch = _epoch_of(study["definedHeight"], state.parameters)
    if epoch + state.parameters["stakeWindowEpochs"] <= _epoch_of(height, state.parameters):
        return
    count = state.get("stake", source, epoch)["count"] - 1
    if count > 0:
        state.put("stake", {"count": count}, source, epoch)
    else:
        state.drop("stake", source, epoch)
    cell = state.get("source", source)
    state.put("source", {**cell, "studies": cell["studies"] - 1}, source)


def _record_grant(state, transaction, cell, study, height):
    """Allow Access spends of study and source. Revoke Access of a live record is free; of none (a tombstone) or a revoked
    one it spends of the study alone."""
    payload, kind, signer = transaction["payload"], transaction["kind"], transaction["signer"]
    ids, parameters = (payload["source"], payload["studyId"], payload["tag"]), state.parameters
    before, revoked = state.get("grant", *ids), kind == "revoke-access"
    if not revoked:
        rate = rate_at(cell["rate"], height, parameters)
        quota = spend_source(cell["allowQuota"], allows_capacity(rate, parameters), height, parameters)
        state.put("source", {**cell, "allowQuota": quota, "rate": rate}, payload["source"])
    if not revoked or before is None or before["revoked"]:
        by_delegate = signer != study["owner"]
        study = {**study, "quota": spend_study(study["quota"], height, parameters, by_delegate)}
    terms = {"notAfterMs": 0, "scope": 0} if revoked else {
        name: payload.get(name) for name in ("notAfterMs", "scope", "consentReceiptHash")}
    state.put("grant", {"era": study["era"], "sequence": payload["sequence"], "revoked": revoked, "height": height,
                        **terms}, *ids)
    return study


def _epoch_of(height, parameters):
    return 0 if height == 0 else (height - 1) // parameters["epochHeights"]


def _randomness(block):
    """A seal of kind 1 holds a VRF proof; any other block has no randomness."""
    if block["sealKind"] != 1:
        return None
    return ed25519.vrf_output(bytes.fromhex(SEAL.decode(bytes.fromhex(block["sealBytes"]))["vrfProof"]))


def advance_seed(state, block, height):
    randomness = _randomness(block)
    if randomness is not None and is_before_cut_off(height, state.parameters["epochHeights"]):
        state.put("seed", {"seed": running_seed_step(state.get("seed")["seed"], randomness)})


def count_duties(state, chain_id, block, height):
    """The views that the block closes, each for its leader, and the voters it shows."""
    parameters, epoch = state.parameters, _epoch_of(height, state.parameters)

    def known(number):
        return {**state.get("epoch", number), "committeeMax": parameters["committeeMax"]}

    given = {"chainId": chain_id, "header": {"height": height, "sealBytes": block["sealBytes"]}, "epoch": known(epoch),
             "justification": block["justification"], "previousEpoch": known(epoch - 1) if epoch > 0 else None}
    views, settled = close_views(state.get("views") or no_views(), height, closed_views(given),
                                 parameters["dutyGraceHeights"])
    views["voters"] = with_voters(views["voters"], given["epoch"]["members"], voters_shown(given))
    state.put("views", views)
    for of_epoch, _view, source, named in settled:
        state.put("duty", count(state.get("duty", source) or no_duty(), of_epoch, named), source)


def close_epoch(state, chain_id, height):
    """In the last block of an epoch: the next one's seed, the members of the one after from this snapshot, and the accounts
    of this one. Gives their root."""
    parameters, epoch = state.parameters, _epoch_of(height, state.parameters)
    running = state.get("seed")["seed"]
    _fold_stake(state, epoch)
    sources = [{"source": source, **cell} for source, cell in state.all_of("source")]
    weighty, counted = snapshot_at(state.policies["stake"], height, sources, dict(state.all_of("counted")),
                                   dict(state.all_of("attested")), parameters)
    left = epoch - parameters["dutyWindowEpochs"]
    closed = close_duties({
        "epoch": epoch, "parameters": parameters, "current": state.get("epoch", epoch),
        "next": state.get("epoch", epoch + 1), "views": state.get("views"),
        "absent": state.get("absent", epoch) or {"sources": []},
        "duties": [{"source": source, "cell": cell} for source, cell in state.all_of("duty")],
        "leaving": state.get("duties", left) if left >= 0 else None,
        "tombstoned": [each["source"] for each in sources if state.get("key", each["nodeKey"])["tombstoned"]],
    }, weighty)
    known = {each["source"] for each in sources}
    for source, cell in state.all_of("attested"):  # admissions that nobody took up
        if source not in known and cell["admitUntilHeight"] < height:
            state.drop("attested", source)
    state.put("seed", {"seed": running_seed_start(chain_id, epoch + 2, running)})
    state.put("epoch", {**state.get("epoch", epoch + 1), "seed": running, "members": closed["nextMembers"]}, epoch + 1)
    state.put("epoch", {
        "epoch": epoch + 2, "firstHeight": (epoch + 2) * parameters["epochHeights"] + 1,
        "members": closed["members"]}, epoch + 2)
    for source, cell in counted.items():
        state.put("counted", cell, source)
    for each in closed["duties"]:
        _put_or_drop(state, "duty", each["cell"], each["source"])
    for number, absent in ((epoch + 1, closed["nextAbsent"]), (epoch + 2, closed["absent"])):
        if absent is not None:
            _put_or_drop(state, "absent", absent if absent["sources"] else None, number)
    state.put("views", closed["views"])
    state.put("duties", closed["account"], epoch)
    if left >= 0:
        state.drop("duties", left)
        state.drop("absent", left)
    return closed["dutyRoot"]


def _put_or_drop(state, kind, value, *ids):
    if value is None:
        state.drop(kind, *ids)
    else:
        state.put(kind, value, *ids)


def _fold_stake(state, epoch):
    """What was defined `stakeWindowEpochs` ago leaves the window; only `raw` goes on counting it."""
    leaving = epoch - state.parameters["stakeWindowEpochs"]
    for source, cell in state.all_of("source") if leaving >= 0 else []:
        left = state.get("stake", source, leaving)
        if left is not None:
            state.drop("stake", source, leaving)
            if state.policies["stake"] != "raw":
                state.put("source", {**cell, "studies": cell["studies"] - left["count"]}, source)


def replay(case):
    """Each block is given with its transactions in any order; what follows is its whole effect."""
    given = case["input"]
    parent, results = genesis_header(given["genesis"]), []
    state = State(genesis_cells(given["genesis"]), given["genesis"]["parameters"], given["genesis"]["policies"])
    for block in given["blocks"]:
        height, parent_id, before = parent["height"] + 1, block_id(parent), dict(state.cells)
        signed = {}
        for encoded in block["transactions"]:
            read = read_transaction(bytes.fromhex(encoded), parent["chainId"])
            signed[order_key(read, parent_id)] = (encoded, read)
        ordered = [signed[key] for key in sorted(signed)]
        for _encoded, transaction in ordered:
            apply(state, transaction, height)
        advance_seed(state, block, height)
        count_duties(state, parent["chainId"], block, height)
        root = parent["dutyRoot"]
        if height % state.parameters["epochHeights"] == 0:
            root = close_epoch(state, parent["chainId"], height)
        transactions = [encoded for encoded, _read in ordered]
        header = {
            **{name: block[name] for name in ("timestampMs", "proposer", "sealKind", "sealBytes")},
            "chainId": parent["chainId"], "height": height, "parentId": parent_id,
            "transactionRoot": merkle_root(transactions), "stateRoot": state_root(state.cells), "dutyRoot": root,
            "bodyBytes": len(body_bytes(transactions, block["justification"])),
        }
        changed = {name for name in before.keys() | state.cells.keys() if before.get(name) != state.cells.get(name)}
        results.append({
            "txIds": [read["txId"].hex() for _encoded, read in ordered],
            "writes": {name: state.cells.get(name) for name in sorted(changed)},
            "stateRoot": header["stateRoot"], "header": header_bytes(header).hex(), "id": block_id(header),
        })
        parent = header
    return results
