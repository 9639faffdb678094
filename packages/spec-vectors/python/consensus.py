"""Seeds, stake, voters and leaders (docs/spec/leader-election.md), and records (docs/spec/consensus-boundary.md)."""
import ed25519
from canonical import H, encode
from shapes import AMOUNT, BYTES, FLAG, ID, UINT, choice, list_of, literal, struct, tuple_of

raw = bytes.fromhex


# Section 2: seeds.


def first_seed(chain_id):
    return H("radledger/first-seed/1", raw(chain_id)).hex()


def running_seed_start(chain_id, epoch, seed_before):
    """Start of the running seed that becomes the seed of `epoch`."""
    return H("radledger/seed/1", raw(chain_id), epoch, raw(seed_before)).hex()


def running_seed_step(running, randomness):
    return H("radledger/seed-step/1", raw(running), randomness).hex()


def is_before_cut_off(height, epoch_heights):
    """The first two thirds of an epoch, rounded down: what comes later cannot steer the next seed."""
    return (height - 1) % epoch_heights < 2 * epoch_heights // 3


def vrf_alpha(chain_id, seed, epoch, height):
    return encode(["radledger/vrf/1", raw(chain_id), raw(seed), epoch, height])


def seeds(case):
    """One epoch: each height proves its VRF key, or does not; then the epoch is closed."""
    given = case["input"]
    chain_id, epoch, epoch_heights = given["chainId"], given["epoch"], given["epochHeights"]
    running, steps = given["runningSeed"], []
    for height, vrf_seed in zip(range(epoch * epoch_heights + 1, (epoch + 1) * epoch_heights + 1), given["vrfSeeds"]):
        alpha = vrf_alpha(chain_id, given["seed"], epoch, height)
        step = {"alpha": alpha.hex()}
        if vrf_seed is not None:
            proof = ed25519.vrf_prove(raw(vrf_seed), alpha)
            step["proof"], step["randomness"] = proof.hex(), ed25519.vrf_output(proof).hex()
            if is_before_cut_off(height, epoch_heights):
                running = running_seed_step(running, ed25519.vrf_output(proof))
        steps.append({**step, "runningSeed": running})
    return {"steps": steps, "nextSeed": running, "nextRunningSeed": running_seed_start(chain_id, epoch + 2, running)}


def first_seeds(case):
    seed = first_seed(case["input"]["chainId"])
    return {"seed": seed, "runningSeed": running_seed_start(case["input"]["chainId"], 1, seed)}


# Section 3: who leads a view.


def leader_of(chain_id, seed, epoch, leaders, view):
    """128 bits of a hash times the total weight, shifted back: the index into the sums of weights."""
    draw = int.from_bytes(H("radledger/leader/1", raw(chain_id), raw(seed), epoch, view)[:16], "big")
    weights = [int(leader["weight"]) for leader in leaders]
    point, total = draw * sum(weights) >> 128, 0
    for leader, weight in zip(leaders, weights):
        total += weight
        if total > point:
            return leader
    raise ValueError("nobody has weight")


def leaders(case):
    given = case["input"]
    members = [{"at": at, "weight": weight} for at, weight in enumerate(given["weights"])]
    return [leader_of(given["chainId"], given["seed"], given["epoch"], members, view)["at"] for view in given["views"]]


# Section 4: who votes.


def committee_of(members, committee_max):
    """The heaviest, equal weights by smaller source id; ascending by source id."""
    heaviest = sorted(members, key=lambda each: (-int(each["weight"]), each["source"]))[:committee_max]
    return sorted(heaviest, key=lambda each: each["source"])


def committee_root(chain_id, epoch, members):
    seats = [[raw(each["source"]), raw(each["nodeKey"]), raw(each["vrfKey"]), int(each["weight"])] for each in members]
    return H("radledger/committee/1", raw(chain_id), epoch, seats).hex()


def total_weight(members):
    return sum(int(each["weight"]) for each in members)


def committee(case):
    given = case["input"]
    members = committee_of(given["members"], given["committeeMax"])
    return {"seats": [each["source"] for each in members], "totalWeight": str(total_weight(members)),
            "root": committee_root(given["chainId"], given["epoch"], members)}


def is_quorum(weight, total):
    return 3 * weight > 2 * total


def quorum(case):
    weight, total = int(case["input"]["weight"]), int(case["input"]["totalWeight"])
    return {"isQuorum": is_quorum(weight, total), "hasHonest": 3 * weight > total}


# What a node keeps of what it signed, and what the ledger keeps of who led.

SIGN_RECORD = struct(format=literal(1), kind=UINT, epoch=UINT, view=UINT, bytes=BYTES, support=list_of(BYTES))
DUTY_EVENT = struct(
    height=UINT, epoch=UINT, view=UINT, source=ID,
    **{"class": choice({"PRODUCED": 0, "NULLIFIED": 1, "UNRECORDED": 2, "EMPTY": 3})},
    reasonWeights=tuple_of(AMOUNT, AMOUNT, AMOUNT, AMOUNT), totalWeight=AMOUNT, invalidWeight=AMOUNT,
    leaderDeclined=FLAG)


def halt_statement(given):
    chain_id, height, block_id = raw(given["chainId"]), given["height"], raw(given["blockId"])
    stated_at, key, signature = given["statedAtMs"], raw(given["nodeKey"]), raw(given["signature"])
    return {"signedBytes": encode(["radledger/halt/1", chain_id, height, block_id, stated_at]).hex(),
            "bytes": encode([1, [1, key], height, block_id, stated_at, [1, signature]]).hex()}


def recovery(given):
    chain_id, height, block_id = raw(given["chainId"]), given["height"], raw(given["blockId"])
    left_out, nonce = [raw(key) for key in given["leftOut"]], raw(given["nonce"])
    signed = encode(["radledger/recover/1", chain_id, height, block_id, left_out, nonce])
    keys = [[position, [1, raw(signature)]] for position, signature in given["keySignatures"]]
    voters = [[raw(key), [1, raw(signature)]] for key, signature in given["voterSignatures"]]
    left = [each for each in given["members"] if each["nodeKey"] not in given["leftOut"]]
    seats = [[raw(each["source"]), raw(each["nodeKey"]), raw(each["vrfKey"]), int(each["weight"])] for each in left]
    epoch = height // given["epochHeights"]
    recovery_id = H("radledger/recovery/1", signed)
    of_epoch = H("radledger/committee/1", chain_id, epoch, seats, recovery_id)
    return {"signedBytes": signed.hex(), "bytes": encode([1, height, block_id, left_out, nonce, keys, voters]).hex(),
            "roots": [of_epoch.hex(), committee_root(given["chainId"], epoch + 1, left)],
            "networkId": H("radledger/network/1", chain_id, [recovery_id]).hex()}


def record(case):
    if case["name"].startswith("halt"):
        return halt_statement(case["input"])
    if case["name"].startswith("recovery"):
        return recovery(case["input"])
    if case["name"].startswith("duty"):
        return DUTY_EVENT.encode({"invalidWeight": "0", "leaderDeclined": False, **case["input"]}).hex()
    return SIGN_RECORD.encode(case["input"]).hex()
