import { expect, test } from 'vitest';
import * as host from '../src/host/index.js';
import * as index from '../src/index.js';

test('the public surface is what it is on purpose', () => {
  expect(Object.keys(index).sort()).toMatchInlineSnapshot(`
    [
      "ConsensusError",
      "EMPTY_REGISTRY",
      "HALT_STATEMENT_BYTES_MAX",
      "RECOVERY_BYTES_MAX",
      "RequestQuota",
      "StartUpRule",
      "classifyViews",
      "committeeRootOf",
      "createChainRules",
      "createFinalityVerifier",
      "debtMilli",
      "decodeDutyEvent",
      "decodeHaltStatement",
      "decodeProvenHeader",
      "decodeRecovery",
      "decodeSignRecord",
      "encodeDutyEvent",
      "encodeHaltStatement",
      "encodeRecovery",
      "encodeSignRecord",
      "epochContextOf",
      "haltClaim",
      "haltProofOf",
      "haltSignedBytes",
      "hasHonest",
      "holdsNodeKey",
      "holdsVrfKey",
      "isHaltStatementTimely",
      "isQuorum",
      "leaderOf",
      "networkIdOf",
      "ownMember",
      "recoveriesBefore",
      "recoveryClaims",
      "recoveryFromJson",
      "recoverySignedBytes",
      "recoveryToJson",
      "reliabilityOf",
      "seatOf",
      "stakePolicyOf",
      "verifyVrfClaims",
      "vrfAlpha",
    ]
  `);
  expect(Object.keys(host)).toMatchInlineSnapshot(`
    [
      "createHost",
    ]
  `);
});
