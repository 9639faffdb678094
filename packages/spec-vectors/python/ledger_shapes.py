"""Policies and parameters: they stand in the genesis and in the cell `params` (docs/spec/genesis.md, section 2)."""
from shapes import TEXT, UINT, choice, list_of, struct, tuple_of

POLICIES = struct(admission=choice({"open": 1, "attested": 2}),
                  stake=choice({"raw": 1, "guarded": 2, "attested": 3}))
PARAMETERS = struct(**{name: UINT for name in (
    "blockBytesMax", "transactionBytesMax", "epochHeights", "targetIntervalMs", "minimumIntervalMs", "assumedDelayMs",
    "clockPrecisionMs", "committeeMax", "expiryHeightsMax", "sequenceAheadMaxMs", "grantDurationMaxMs",
    "studyAllowBurst", "studyAllowRefillHeights", "sourceStudyBase", "sourceStudyRateFactor", "sourceAllowFactor",
    "quotaPeriodHeights", "rateWindowPeriods", "endowmentHeights", "stakeWindowEpochs", "stakeGrowthBase",
    "stakeGrowthPeriods", "stakeChurnBasisPoints", "attestsPerPeriod", "evidenceHeightsMax", "workBits",
    "dutyGraceHeights", "dutyWindowEpochs", "suspendBelowReliability", "suspendFromDebt", "dormantAfterEpochs",
    "leftOutPerEpochMax")}, moduleSettings=list_of(tuple_of(TEXT, UINT)))
