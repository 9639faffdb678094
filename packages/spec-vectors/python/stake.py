"""Stake policies (docs/spec/leader-election.md, section 1). All weights are milli-studies."""


def endowment_left(endowment, height, endowment_heights):
    """Falls in a line to nothing over the span, yet never below one study."""
    if endowment == 0:
        return 0
    left = endowment * 1000 * max(0, endowment_heights - height) // endowment_heights
    return max(left, 1000)


# Growth: not much more than a base and 5/4 of what counted some periods ago.


def _past(cell, height, parameters):
    """Where the newest sample that is old enough stands among the samples; None when there is none."""
    latest = height // parameters["quotaPeriodHeights"] - parameters["stakeGrowthPeriods"]
    old = [at for at, sample in enumerate(cell["samples"]) if sample["period"] <= latest]
    return old[-1] if old else None


def growth_bound(cell, given, height, parameters):
    at = _past(cell, height, parameters)
    past = given if at is None else int(cell["samples"][at]["counted"])
    return parameters["stakeGrowthBase"] * 1000 + past * 5 // 4


def remembered(cell, given, counted, height, parameters):
    """One sample a period where the count changed; none that is older than the one growth looks at."""
    period = height // parameters["quotaPeriodHeights"]
    kept = [sample for sample in cell["samples"][_past(cell, height, parameters) or 0:] if sample["period"] < period]
    if counted != (int(kept[-1]["counted"]) if kept else given):
        kept.append({"period": period, "counted": str(counted)})
    return {"counted": str(counted), "samples": kept}


# Churn: what is new enters the whole set by and by, pro rata.


def churn_allowance(total, height, parameters):
    base = max(total, parameters["stakeGrowthBase"] * 1000) * parameters["stakeChurnBasisPoints"]

    def up_to(heights):
        return base * heights // (10_000 * parameters["quotaPeriodHeights"])

    return up_to(height) - up_to(height - parameters["epochHeights"])


def enter_within(before, wanted, allowance):
    entering = [max(0, want - had) for had, want in zip(before, wanted)]
    asked = sum(entering)
    if asked <= allowance:
        return wanted
    counted, passed = [], 0
    for had, want, more in zip(before, wanted, entering):
        share = (passed + more) * allowance // asked - passed * allowance // asked
        passed += more
        counted.append(min(had, want) + share)
    return counted


# The cap: no source outweighs the others.


def capped(weights):
    total = sum(weights)
    if sum(1 for weight in weights if weight > 0 and weight * 200 >= total) < 4:
        return weights
    n = total * total // sum(weight * weight for weight in weights)  # as many of equal weight would be as concentrated
    cap = max(1_000, min(3_200, 20_000 // n))
    ordered = sorted(weights, reverse=True)
    if ordered[0] * 10_000 <= total * cap:
        return weights
    cut, others = 0, total
    while True:
        others -= ordered[cut]
        cut += 1
        level = others * cap // (10_000 - cut * cap)
        if ordered[cut] <= level:
            return [min(weight, level) for weight in weights]


# What authorities attest.


def attestation_heights(parameters):
    return parameters["quotaPeriodHeights"] * parameters["rateWindowPeriods"]


def is_period_live(period, height, parameters):
    window = parameters["stakeWindowEpochs"] * parameters["epochHeights"]
    return (period + 1) * attestation_heights(parameters) > height - window


def attested_maximum(cell, height, parameters):
    maxima = cell["maxima"] if cell else []
    return 1000 * sum(each["countMax"] for each in maxima if is_period_live(each["period"], height, parameters))


# A boundary.


def weights_at(policy, height, sources, remembers, attested, parameters):
    """Weights in the order of the sources, and what to remember: cells by source that changed."""
    gifts = [endowment_left(each["endowment"], height, parameters["endowmentHeights"]) for each in sources]
    studies = [each["studies"] * 1000 for each in sources]
    if policy == "raw":
        return _or_equal([count + gift for count, gift in zip(studies, gifts)]), {}
    given = [each["endowment"] * 1000 for each in sources]  # what counted before the chain began
    cells = [remembers.get(each["source"], {"counted": str(gift), "samples": []}) for each, gift in zip(sources, given)]
    before = [int(cell["counted"]) for cell in cells]
    wanted = [min(count + left, growth_bound(cell, gift, height, parameters))
              for count, left, cell, gift in zip(studies, gifts, cells, given)]
    counted = enter_within(before, wanted, churn_allowance(sum(before), height, parameters))
    after = [remembered(cell, gift, count, height, parameters) for cell, gift, count in zip(cells, given, counted)]
    changed = {each["source"]: new for each, old, new in zip(sources, cells, after) if new != old}
    if policy == "attested":
        counted = [min(count, attested_maximum(attested.get(each["source"]), height, parameters) + left)
                   for each, count, left in zip(sources, counted, gifts)]
    return _or_equal(capped(counted)), changed


def _or_equal(weights):
    return weights if any(weights) else [1] * len(weights)  # a small net begins: everybody weighs the same


def snapshot_at(policy, height, sources, remembers, attested, parameters):
    """Members of an epoch, at most 4,096 of the heaviest, and the counted cells that changed."""
    weights, changed = weights_at(policy, height, sources, remembers, attested, parameters)
    members = [{**{name: each[name] for name in ("source", "nodeKey", "vrfKey")}, "weight": str(weight)}
               for each, weight in zip(sources, weights) if weight > 0]
    kept = sorted(range(len(members)), key=lambda at: -int(members[at]["weight"]))[:4096]
    return [members[at] for at in sorted(kept)], changed


def history(case):
    """Boundary after boundary: each is given what those before it remembered."""
    given, remembers, steps = case["input"], {}, []
    attested = {each["source"]: each["cell"] for each in given["attested"]}
    for boundary in given["boundaries"]:
        studies = boundary["studies"] + [0] * len(given["sources"])
        sources = [{**each, "studies": count} for each, count in zip(given["sources"], studies)]
        members, changed = snapshot_at(given["policy"], boundary["height"], sources, remembers, attested,
                                       given["parameters"])
        remembers.update(changed)
        counted = [{"source": source, "cell": cell} for source, cell in changed.items()]
        steps.append({"members": members, "counted": counted})
    return steps
