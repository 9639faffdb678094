#!/usr/bin/env python3
"""Reproduces every vector from docs/spec alone: standard library only, nothing of ours.

Each checker takes a case and gives what its output must be. Exit code 1 on the first difference.
Names of vector files as arguments check only these.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import blocks  # noqa: E402
import cells  # noqa: E402
import chain  # noqa: E402
import consensus  # noqa: E402
import dicomweb  # noqa: E402
import duties  # noqa: E402
import evidence  # noqa: E402
import file_set  # noqa: E402
import genesis  # noqa: E402
import light
import links  # noqa: E402
import node_bytes  # noqa: E402
import signatures  # noqa: E402
import simplex  # noqa: E402
import stake  # noqa: E402
import state_tree  # noqa: E402
import transactions  # noqa: E402
import vault  # noqa: E402
import wallet_keys  # noqa: E402
from canonical import H, Refused, decode, encode, hkdf_sha256  # noqa: E402


def value_of(json_value):
    if isinstance(json_value, list):
        return [value_of(item) for item in json_value]
    if isinstance(json_value, dict):
        return bytes.fromhex(json_value["hex"]) if "hex" in json_value else json_value["text"]
    return json_value


def canonical(case):
    encoded = encode(value_of(case["input"]))
    assert decode(encoded) == value_of(case["input"])
    return encoded.hex()


def canonical_refused(case):
    try:
        decode(bytes.fromhex(case["input"]))
    except Refused:
        return "refused"
    return "accepted"


def hashes(case):
    given = case["input"]
    if "tag" in given:
        return H(given["tag"], *[value_of(part) for part in given["parts"]]).hex()
    return hkdf_sha256(bytes.fromhex(given["secret"]), given["label"], given["length"]).hex()


CHECKERS = {
    "canonical": canonical,
    "canonical-refused": canonical_refused,
    "hash": hashes,
    "ed25519": signatures.sign,
    "ed25519-judged": signatures.judged,
    "strict-keys": signatures.strict_key,
    "vrf": signatures.vrf,
    "studies": transactions.study,
    "acceptances": transactions.acceptance,
    "transactions": transactions.transaction,
    "genesis": genesis.genesis,
    "cells": cells.cell,
    "cell-names": cells.name,
    "headers": blocks.header,
    "bodies": blocks.body,
    "inclusion": blocks.inclusion,
    "state-tree": state_tree.key_set,
    "state-proofs-judged": state_tree.judged,
    "state-nodes": state_tree.nodes_of,
    "chain": chain.replay,
    "first-seeds": consensus.first_seeds,
    "seeds": consensus.seeds,
    "stake-snapshots": stake.history,
    "leaders": consensus.leaders,
    "committees": consensus.committee,
    "quorums": consensus.quorum,
    "consensus-records": consensus.record,
    "duty-views": duties.views_closed,
    "reliability": duties.reliability,
    "duty-epochs": duties.epoch_closed,
    "evidence": evidence.judged,
    "simplex-votes": simplex.vote,
    "simplex-certificates": simplex.certificate,
    "simplex-certificates-judged": simplex.judged_certificate,
    "simplex-seals": simplex.seal,
    "simplex-justifications": simplex.justification,
    "simplex-messages": simplex.message,
    "simplex-finality": simplex.finality,
    "simplex-duties": simplex.duty_events,
    "light-walks": light.walk,
    "sealing": links.sealing,
    "links": links.link,
    "dicomweb": dicomweb.dicomweb,
    "wallet-keys": wallet_keys.wallet,
    "vault": vault.vault,
    "file-set": file_set.file_set,
    "peer-protocol": node_bytes.peer,
    "sign-log": node_bytes.sign_log,
}


def check_file(name):
    with open(os.path.join(HERE, "..", "vectors", name), encoding="utf-8") as handle:
        vectors = json.load(handle)
    check = CHECKERS[vectors["name"]]
    for case in vectors["cases"]:
        got = check(case)
        if got != case["output"]:
            sys.exit(f"{name}: {case['name']}\n  expected {case['output']}\n  got      {got}")
    return len(vectors["cases"])


def main():
    names = sys.argv[1:] or sorted(os.listdir(os.path.join(HERE, "..", "vectors")))
    cases = sum(check_file(name) for name in names)
    print(f"{cases} cases in {len(names)} files reproduced")


if __name__ == "__main__":
    main()
