import { expect, test } from 'vitest';
import * as index from '../src/index.js';

test('the public surface is what it is on purpose', () => {
  expect(Object.keys(index).sort()).toMatchInlineSnapshot(`
    [
      "EvidenceKind",
      "NullifyReason",
      "certificateOfProof",
      "certificatesOf",
      "createSimplex",
      "decodeJustification",
      "decodeMessage",
      "decodeSeal",
      "encodeEvidence",
      "encodeJustification",
      "encodeMessage",
      "encodeSeal",
      "exclusionOf",
      "justificationRootOf",
      "signedBytes",
      "simplex",
      "statementOf",
      "voteOfSignedBytes",
    ]
  `);
});
