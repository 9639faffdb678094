import { expect, test } from 'vitest';
import * as host from '../src/host/index.js';
import * as index from '../src/index.js';

test('the public surface is what it is on purpose', () => {
  expect(Object.keys(index).sort()).toMatchInlineSnapshot(`
    [
      "ConsensusError",
      "StartUpRule",
      "createChainRules",
      "createFinalityVerifier",
      "decodeDutyEvent",
      "decodeSignRecord",
      "encodeDutyEvent",
      "encodeSignRecord",
      "epochContextOf",
      "hasHonest",
      "isQuorum",
      "leaderOf",
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
