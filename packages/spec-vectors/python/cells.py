"""Cells of the state (docs/spec/state.md, sections 1, 2 and 4): names, bytes, quotas."""
from canonical import H
from duties import DUTY_CELLS
from ledger_shapes import PARAMETERS, POLICIES
from shapes import AMOUNT, FLAG, ID, KEY, TEXT, UINT, choice, list_of, literal, optional, struct
from transactions import REASONS, ROLES

VERDICTS = {"EQUIVOCATED": 1, "INVALID": 2}
_BUCKET = struct(units=UINT, height=UINT)
_MEMBER = struct(source=ID, nodeKey=KEY, vrfKey=KEY, weight=AMOUNT)
_FIELDS = {
    "source": dict(endpoint=optional(struct(name=TEXT, baseUrl=TEXT, tlsPins=list_of(ID))), signingKey=KEY,
                   nodeKey=KEY, vrfKey=KEY, endowment=UINT, admittedHeight=UINT, studies=UINT, studyQuota=_BUCKET,
                   allowQuota=_BUCKET, rate=struct(period=UINT, count=UINT, meanMilli=UINT)),
    "study": dict(owner=KEY, era=UINT, content=ID, definedHeight=UINT, contentHeight=UINT,
                  retired=optional(struct(reason=choice(REASONS), height=UINT)),
                  delegate=optional(struct(key=KEY, notAfterMs=UINT)), quota=_BUCKET),
    "grant": dict(era=UINT, sequence=UINT, revoked=FLAG, notAfterMs=UINT, scope=UINT, consentReceiptHash=optional(ID),
                  height=UINT),
    "owner": dict(source=ID, studyId=ID, role=choice({"owner": 0, "delegate": 1})),
    "key": dict(source=ID, role=choice(ROLES), tombstoned=FLAG),
    "stake": dict(count=UINT),
    "counted": dict(counted=AMOUNT, samples=list_of(struct(period=UINT, counted=AMOUNT))),
    "authority": dict(index=UINT, quota=_BUCKET),
    "attested": dict(admitUntilHeight=UINT, maxima=list_of(struct(period=UINT, authority=UINT, countMax=UINT))),
    "misconduct": dict(nodeKey=KEY, reports=list_of(struct(kind=UINT, verdict=choice(VERDICTS), view=UINT,
                                                           height=UINT))),
    "seed": dict(seed=ID),
    "params": dict(policies=POLICIES, parameters=PARAMETERS),
    "epoch": dict(epoch=UINT, firstHeight=UINT, members=list_of(_MEMBER), seed=optional(ID)),
    **DUTY_CELLS,
}
# Each starts with the number of its format.
CELLS = {kind: struct(format=literal(1), **fields) for kind, fields in _FIELDS.items()}


def cell_name(kind, *ids):
    """The kind, and after a slash each id raw; a number as 8 bytes, big-endian. Ids and the name are hex."""
    parts = [kind.encode()] + [i.to_bytes(8, "big") if isinstance(i, int) else bytes.fromhex(i) for i in ids]
    return b"/".join(parts).hex()


def hashed_key(name):
    return H("radledger/cell-key/1", bytes.fromhex(name))


def encode_cell(kind, value):
    return CELLS[kind].encode(value).hex()


def decode_cell(kind, encoded):
    return CELLS[kind].decode(bytes.fromhex(encoded))


def cell(case):
    return encode_cell(case["input"]["cell"], case["input"]["value"])


def name(case):
    found = cell_name(case["input"]["cell"], *case["input"]["ids"])
    return {"name": found, "hashedKey": hashed_key(found).hex()}


# Quotas: integer token buckets, refilled by height.


def study_capacity(parameters):
    return parameters["studyAllowBurst"] * parameters["studyAllowRefillHeights"]


def spend_study(bucket, height, parameters, by_delegate=False):
    """One token is as many units as the heights it takes to come back; a height refills one unit."""
    cost = parameters["studyAllowRefillHeights"]
    units = min(study_capacity(parameters), bucket["units"] + height - bucket["height"])
    reserved = parameters["studyAllowBurst"] // 4 * cost if by_delegate else 0
    if units < cost + reserved:
        raise ValueError("the rest of the quota is the owner's")
    return _after(units, cost, height)


def new_quotas(height, parameters):
    rate = {"period": height // parameters["quotaPeriodHeights"], "count": 0, "meanMilli": 0}
    period = parameters["quotaPeriodHeights"]
    return {
        "studyQuota": {"units": studies_capacity(rate, parameters) * period, "height": height},
        "allowQuota": {"units": allows_capacity(rate, parameters) * period, "height": height},
        "rate": rate,
    }


def rate_at(rate, height, parameters):
    """Each period that has ended enters the mean with weight 1/window."""
    period, window = height // parameters["quotaPeriodHeights"], parameters["rateWindowPeriods"]
    count, mean = rate["count"], rate["meanMilli"]
    for _ in range(rate["period"], period):
        mean, count = (mean * (window - 1) + count * 1000) // window, 0
    return {"period": period, "count": count, "meanMilli": mean}


def studies_capacity(rate, parameters):
    wanted = parameters["sourceStudyBase"] * 1000 + parameters["sourceStudyRateFactor"] * rate["meanMilli"]
    return min(wanted, 2**52 // parameters["quotaPeriodHeights"])


def allows_capacity(rate, parameters):
    wanted = parameters["sourceAllowFactor"] * studies_capacity(rate, parameters)
    return min(wanted, 2**52 // parameters["quotaPeriodHeights"])


def spend_source(bucket, capacity, height, parameters):
    """`capacity` units a height up to a period's worth; a token is 1000 units for each height of the period."""
    period = parameters["quotaPeriodHeights"]
    units = min(capacity * period, bucket["units"] + min(period, height - bucket["height"]) * capacity)
    return _after(units, 1000 * period, height)


def attests_capacity(parameters):
    return min(parameters["attestsPerPeriod"] * 1000, 2**52 // parameters["quotaPeriodHeights"])


def full_authority_quota(height, parameters):
    return {"units": attests_capacity(parameters) * parameters["quotaPeriodHeights"], "height": height}


def _after(units, cost, height):
    if units < cost:
        raise ValueError("a quota is used up")
    return {"units": units - cost, "height": height}
