"""The duty ledger (docs/spec/duties.md): classes of views, reliability, accounts, who is left out, the handover guard."""
from blocks import merkle_root
from consensus import committee_of, total_weight
from shapes import AMOUNT, BYTES, FLAG, ID, UINT, list_of, literal, optional, struct

COUNTS = ("produced", "missed", "declined", "late", "invalid", "equivocated")
_COUNTS = {name: UINT for name in COUNTS}
_LEAF = struct(source=ID, epoch=UINT, expectedMilli=UINT, **_COUNTS, shadowMilli=UINT, reliability=UINT)
DUTY_CELLS = {
    "duty": dict(open=struct(**_COUNTS), window=struct(**_COUNTS, shadowMilli=UINT), reliability=UINT, suspensions=UINT,
                 suspendedUntil=UINT, silentEpochs=UINT, dormant=FLAG, tombstonedEpoch=optional(UINT),
                 invalidEpochs=list_of(UINT)),
    "views": dict(closed=UINT, recent=UINT,
                  pending=list_of(struct(epoch=UINT, view=UINT, source=ID, dueHeight=UINT)),
                  settled=UINT, storm=UINT, charged=UINT, voters=BYTES, continued=UINT),
    "duties": dict(epoch=UINT, closed=UINT, settled=UINT, storm=UINT, charged=UINT, pending=UINT, leaves=list_of(_LEAF)),
    "absent": dict(sources=list_of(struct(source=ID, weight=AMOUNT))),
}
PENDING_MAX, SUSPENSIONS_MAX, MEMBERS_MIN, MEMBERS_MAX = 256, 6, 4, 4096


def no_counts():
    return dict.fromkeys(COUNTS, 0)


def no_duty():
    return {"open": no_counts(), "window": {**no_counts(), "shadowMilli": 0}, "reliability": 9500, "suspensions": 0,
            "suspendedUntil": 0, "silentEpochs": 0, "dormant": False, "invalidEpochs": []}


def no_views():
    return {"closed": 0, "recent": 0, "pending": [], "settled": 0, "storm": 0, "charged": 0, "voters": "",
            "continued": 0}


# Section 3: classes.


def _class_of(event):
    more_than_a_third = lambda weight: 3 * int(weight) > int(event["totalWeight"])  # noqa: E731
    if event["class"] == "PRODUCED":
        return "produced"
    if event["class"] == "EMPTY":
        return "missed"
    if event["class"] == "UNRECORDED":
        return "late"
    if more_than_a_third(event.get("invalidWeight", 0)):
        return "invalid"
    if more_than_a_third(event["reasonWeights"][0]):
        return "missed"
    return "declined" if event.get("leaderDeclined") else "late"


def close_views(views, height, events, grace_heights):
    """The views cell after a block, and (epoch, view, source, class) of every view that is counted for its leader."""
    waiting = list(views["pending"])
    settled = [(each["epoch"], each["view"], each["source"], "missed") for each in waiting if each["dueHeight"] <= height]
    waiting = [each for each in waiting if each["dueHeight"] > height]
    recent, storm = views["recent"], 0
    for event in events:
        recent = (recent << 1 | (event["class"] != "PRODUCED")) & 0xFFFFFFFF
        named = _class_of(event)
        if named != "produced" and bin(recent).count("1") >= 16:
            storm += 1
        elif named == "missed":
            waiting.append({"epoch": event["epoch"], "view": event["view"], "source": event["source"],
                            "dueHeight": height + grace_heights})
        else:
            settled.append((event["epoch"], event["view"], event["source"], named))
    while len(waiting) > PENDING_MAX:
        early = waiting.pop(0)
        settled.append((early["epoch"], early["view"], early["source"], "missed"))
    after = {**views, "closed": views["closed"] + len(events), "recent": recent, "pending": waiting,
             "settled": views["settled"] + len(settled) + storm, "storm": views["storm"] + storm}
    return after, settled


def count(duty, epoch, named):
    if named == "invalid" and epoch in duty["invalidEpochs"]:
        named = "missed"
    duty = {**duty, "open": {**duty["open"], named: duty["open"][named] + 1}}
    if named == "invalid":
        duty["invalidEpochs"] = (duty["invalidEpochs"] + [epoch])[-8:]
    return duty


def with_voters(voters, members, sources):
    bits = bytearray(-(-len(members) // 8))
    bits[:len(voters) // 2] = bytes.fromhex(voters)
    for at, member in enumerate(members):
        if member["source"] in sources:
            bits[at // 8] |= 0x80 >> at % 8
    return bits.hex()


def views_closed(case):
    """Blocks one after another: the views cell after each, and what each settles."""
    given, steps = case["input"], []
    views = given["views"]
    for block in given["blocks"]:
        views, settled = close_views(views, block["height"], block["events"], given["graceHeights"])
        steps.append({"views": views, "settled": [
            {"epoch": epoch, "view": view, "source": source, "counter": named} for epoch, view, source, named in settled]})
    return steps


# Section 4: accounts.


def debt(counts):
    duties = sum(counts[name] for name in ("produced", "missed", "declined", "late", "invalid"))
    return (1000 * counts["missed"] + 500 * counts["declined"] + 10000 * counts["invalid"] + counts["shadowMilli"]
            + max(0, 1000 * counts["late"] - 200 * duties))


def reliability_of(counts):
    produced = 1000 * counts["produced"]
    return 10000 * (produced + 19000) // (produced + debt(counts) + 20000)


def reliability(case):
    return {"debtMilli": debt(case["input"]), "reliability": reliability_of(case["input"])}


def _failures(counts):
    return counts["missed"] + counts["declined"] + counts["late"] + counts["invalid"]


def close_accounts(given):
    """For each source: leaf, duty cell, what the epoch itself counts, and whether it was silent."""
    members, views = given["current"]["members"], given["views"]
    seats = {member["source"]: at for at, member in enumerate(members)}
    voters = {each["source"] for each in committee_of(members, given["parameters"]["committeeMax"])}
    absent = {each["source"]: int(each["weight"]) for each in given["absent"]["sources"]}
    records = {each["source"]: each["cell"] for each in given["duties"]}
    gone = {leaf["source"]: leaf for leaf in (given.get("leaving") or {"leaves": []})["leaves"]}
    counted, served = 1000 * (views["closed"] - views["storm"]), total_weight(members)
    bits, accounts = bytes.fromhex(views["voters"]), {}
    for source in sorted(seats.keys() | absent.keys() | records.keys()):
        before, is_member = records.get(source, no_duty()), source in seats
        counts = before["open"]
        shadow = 0 if is_member else counted * absent.get(source, 0) // (served + sum(absent.values()))
        leaving = gone.get(source, {})
        window = {name: before["window"][name] + counts[name] - leaving.get(name, 0) for name in COUNTS}
        window["shadowMilli"] = before["window"]["shadowMilli"] + shadow - leaving.get("shadowMilli", 0)
        has_votes = is_member and bool(bits) and source in voters
        at = seats.get(source, 0)
        active = counts["produced"] > 0 or has_votes and bool(bits[at // 8] & 0x80 >> at % 8)
        silent = is_member and not active and (has_votes or _failures(counts) > 0)
        cell = {**before, "open": no_counts(), "window": window, "reliability": reliability_of(window),
                "silentEpochs": 0 if active else before["silentEpochs"] + silent,
                "dormant": before["dormant"] and not active}
        expected = counted * int(members[at]["weight"]) // served if is_member else 0
        leaf = {"source": source, "epoch": given["epoch"], "expectedMilli": expected, **counts, "shadowMilli": shadow,
                "reliability": cell["reliability"]}
        accounts[source] = {"cell": cell, "leaf": leaf, "counts": counts, "silent": silent}
    return accounts


# Section 6: who is left out.


def _forgotten(cell, epoch, parameters):
    cell = dict(cell)
    if cell["suspendedUntil"] <= epoch:
        cell["suspendedUntil"] = 0
        if cell["reliability"] >= parameters["suspendBelowReliability"]:
            cell["suspensions"] = 0
    if cell.get("tombstonedEpoch") is not None and cell["tombstonedEpoch"] < epoch - parameters["dutyWindowEpochs"]:
        del cell["tombstonedEpoch"]
    if cell["window"]["invalid"] == 0:
        cell["invalidEpochs"] = []
    return cell


def _is_due(account, parameters):
    cell = account["cell"]
    unreliable = (cell["reliability"] < parameters["suspendBelowReliability"]
                  and debt(cell["window"]) >= 1000 * parameters["suspendFromDebt"])
    return cell["silentEpochs"] >= parameters["dormantAfterEpochs"] or unreliable and _failures(account["counts"]) > 0


def select_eligible(epoch, candidates, accounts, tombstoned, parameters):
    """Members, absent sources and duty cells."""
    weights = {each["source"]: int(each["weight"]) for each in candidates}
    total, cells = sum(weights.values()), {
        source: _forgotten(account["cell"], epoch, parameters) for source, account in accounts.items()}
    barred = set()
    for source in weights:
        named = source in tombstoned or cells.get(source, no_duty()).get("tombstonedEpoch") is not None
        if named and 3 * (sum(weights[each] for each in barred) + weights[source]) <= total:
            barred.add(source)
    out = set(barred)

    def may_go(source):
        return (3 * (sum(weights[each] for each in out) + weights[source]) <= total
                and len(weights) - len(out) - 1 >= MEMBERS_MIN)

    rest = [source for source in weights if source not in barred and source in cells]
    is_out = {source: cells[source]["dormant"] or cells[source]["suspendedUntil"] > epoch for source in rest}
    out_already = [source for source in rest if is_out[source]]
    for source in out_already:
        if may_go(source):
            out.add(source)
    due = [source for source in rest if not is_out[source]
           and _is_due({**accounts[source], "cell": cells[source]}, parameters)]
    going = 0
    for source in sorted(due, key=lambda each: (cells[each]["reliability"], each)):
        if going + weights[source] > total * parameters["leftOutPerEpochMax"] // 10000 or not may_go(source):
            continue
        out.add(source)
        going += weights[source]
        cell = cells[source]
        if cell["silentEpochs"] >= parameters["dormantAfterEpochs"]:
            cell["dormant"] = True
        else:
            cell["suspendedUntil"] = epoch + 2 ** cell["suspensions"]
            cell["suspensions"] = min(SUSPENSIONS_MAX, cell["suspensions"] + 1)
    absent = [{"source": source, "weight": str(weight)} for source, weight in weights.items() if source in out]
    members = committee_of([each for each in candidates if each["source"] not in out], MEMBERS_MAX)
    return members, {"sources": absent}, cells


# Section 7: the guard, and the whole of a boundary.


def _too_few_awake(voters, accounts):
    awake = total_weight([each for each in voters if not accounts.get(each["source"], {}).get("silent")])
    return 3 * awake <= 2 * total_weight(voters)


def _is_on_record(cell):
    numbers = [*cell["open"].values(), *cell["window"].values(), cell["suspensions"], cell["suspendedUntil"],
               cell["silentEpochs"]]
    return cell["dormant"] or cell.get("tombstonedEpoch") is not None or any(numbers)


def duty_root(leaves):
    return merkle_root([_LEAF.encode(leaf).hex() for leaf in leaves])


def close_epoch(given, candidates):
    """Members of the next epoch and the one decided now, who is absent, accounts, duty cells (None = deleted), views."""
    views, parameters, accounts = given["views"], given["parameters"], close_accounts(given)
    decided = given["next"]["epoch"] + 1
    members, absent, cells = select_eligible(decided, candidates, accounts, set(given["tombstoned"]), parameters)
    voters = committee_of(given["next"]["members"], parameters["committeeMax"])
    goes_on = views["voters"] != "" and _too_few_awake(voters, accounts)
    leaves = [account["leaf"] for account in accounts.values()]
    return {
        "nextMembers": given["current"]["members"] if goes_on else given["next"]["members"],
        "nextAbsent": given["absent"] if goes_on else None,
        "members": members, "absent": absent,
        "account": {"epoch": given["epoch"], **{name: views[name] for name in ("closed", "settled", "storm", "charged")},
                    "pending": len(views["pending"]), "leaves": leaves},
        "dutyRoot": duty_root(leaves),
        "duties": [{"source": source, "cell": cell if _is_on_record(cell) else None} for source, cell in cells.items()],
        "views": {**views, "closed": 0, "settled": 0, "storm": 0, "charged": 0, "voters": "",
                  "continued": views["continued"] + 1 if goes_on else 0},
    }


def epoch_closed(case):
    closed = close_epoch(case["input"], case["input"]["candidates"])
    return {name: value for name, value in closed.items() if value is not None}
