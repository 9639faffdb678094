#!/usr/bin/env python3
"""Reproduces every vector from docs/spec alone: standard library only, nothing of ours.

Each checker takes a case's input and gives what its output must be. Exit code 1 on the first difference.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import records  # noqa: E402
from canonical import H, encode, hkdf_sha256  # noqa: E402


def value_of(json_value):
    if isinstance(json_value, list):
        return [value_of(item) for item in json_value]
    if isinstance(json_value, dict):
        return bytes.fromhex(json_value["hex"]) if "hex" in json_value else json_value["text"]
    return json_value


def canonical(case):
    return encode(value_of(case["input"])).hex()


def hashes(case):
    given = case["input"]
    if "tag" in given:
        return H(given["tag"], *[value_of(part) for part in given["parts"]]).hex()
    return hkdf_sha256(bytes.fromhex(given["secret"]), given["label"], given["length"]).hex()


CHECKERS = {
    "canonical": canonical,
    "hash": hashes,
    "studies": records.study,
    "acceptances": records.acceptance,
    "transactions": records.transaction,
}


def main():
    cases = files = 0
    folder = os.path.join(HERE, "..", "vectors")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as handle:
            vectors = json.load(handle)
        check = CHECKERS[vectors["name"]]
        for case in vectors["cases"]:
            got = check(case)
            if got != case["output"]:
                sys.exit(f"{name}: {case['name']}\n  expected {case['output']}\n  got      {got}")
            cases += 1
        files += 1
    print(f"{cases} cases in {files} files reproduced")


if __name__ == "__main__":
    main()
