"""Genesis (docs/spec/genesis.md): its bytes, the chain id, and the first block with its cells."""
from canonical import H
from cells import cell_name, encode_cell, full_authority_quota, new_quotas
from blocks import EMPTY_ROOT, block_id, body_bytes, header_bytes
from consensus import first_seed, running_seed_start
from ledger_shapes import PARAMETERS, POLICIES
from shapes import ID, KEY, TEXT, UINT, list_of, literal, struct
from stake import snapshot_at
from state_tree import state_root

GENESIS = struct(
    format=literal(1), name=TEXT, timeMs=UINT, moduleId=TEXT, policies=POLICIES, parameters=PARAMETERS,
    sources=list_of(struct(source=ID, nodeKey=KEY, vrfKey=KEY, endowment=UINT)),
    authorities=list_of(KEY), recoveryKeys=list_of(KEY), recoveryThreshold=UINT)
ZERO = bytes(32).hex()


def chain_id(given):
    return H("radledger/genesis/1", GENESIS.write(given)).hex()


def genesis_cells(given):
    """Name -> value of every cell after block 0, both hex."""
    cells, parameters, this_chain = {}, given["parameters"], chain_id(given)

    def put(kind, value, *ids):
        cells[cell_name(kind, *ids)] = encode_cell(kind, value)

    seed = first_seed(this_chain)
    first = [{**each, "studies": 0} for each in given["sources"]]
    members, _counted = snapshot_at(given["policies"]["stake"], 0, first, {}, {}, parameters)
    put("params", {"policies": given["policies"], "parameters": parameters})
    put("seed", {"seed": running_seed_start(this_chain, 1, seed)})
    put("epoch", {"epoch": 0, "firstHeight": 1, "members": members, "seed": seed}, 0)
    put("epoch", {"epoch": 1, "firstHeight": parameters["epochHeights"] + 1, "members": members}, 1)
    for each in given["sources"]:
        source = each["source"]
        put("source", {"signingKey": source, "nodeKey": each["nodeKey"], "vrfKey": each["vrfKey"],
                       "endowment": each["endowment"], "admittedHeight": 0, "studies": 0, **new_quotas(0, parameters)}, source)
        for role, key in (("signing", source), ("node", each["nodeKey"]), ("vrf", each["vrfKey"])):
            put("key", {"source": source, "role": role, "tombstoned": False}, key)
    for index, key in enumerate(given["authorities"]):
        put("authority", {"index": index, "quota": full_authority_quota(0, parameters)}, key)
    return cells


def genesis_header(given):
    return {
        "chainId": chain_id(given), "height": 0, "parentId": ZERO, "timestampMs": given["timeMs"], "proposer": ZERO,
        "transactionRoot": EMPTY_ROOT, "stateRoot": state_root(genesis_cells(given)), "dutyRoot": EMPTY_ROOT,
        "bodyBytes": len(body_bytes([], "")), "sealKind": 0, "sealBytes": "",
    }


def genesis(case):
    given = case["input"]
    header = genesis_header(given)
    return {
        "bytes": GENESIS.encode(given).hex(), "chainId": header["chainId"], "cells": genesis_cells(given),
        "stateRoot": header["stateRoot"], "header": header_bytes(header).hex(), "blockId": block_id(header),
    }
