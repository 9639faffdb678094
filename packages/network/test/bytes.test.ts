// The examples of docs/spec/peer-protocol.md, byte for byte.
import { createSigner, encodeCanonical, fromHex, PrimitivesError, toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeEnvelope, encodeEnvelope, envelopeKind } from '../src/envelope.js';
import { encodeHello, verifyHello } from '../src/handshake.js';
import * as index from '../src/index.js';
import { TokenBucket } from '../src/token-bucket.js';

const chainId = new Uint8Array(32).fill(7);
const sessionValue = new Uint8Array(32).fill(9);
const hello = fromHex(
  `95b07261646c65646765722f706565722f31c420${'07'.repeat(32)}009201c420` +
    '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c9201c440' +
    '126113d3de72bf53386b2e0f84ea9ea9a0702c1bb7045a021da8325a4a721f55' +
    'd7e65f3d0121e0c7c17bd41c85dbb0ea399dc76e2977ad53a00befe1a4920e0e',
);

test('the hello of section 2', async () => {
  const signer = await createSigner(new Uint8Array(32).fill(1));
  expect(toHex(await encodeHello({ chainId, sessionValue, role: 'dialler', signer }))).toBe(toHex(hello));
  expect(await verifyHello(hello, { chainId, sessionValue, role: 'dialler' })).toEqual({ nodeKey: signer.publicKey });
});

test('a hello holds for its chain, session and role alone, and only unchanged', async () => {
  const expected = { chainId, sessionValue, role: 'dialler' } as const;
  const other = new Uint8Array(32).fill(8);
  expect(await verifyHello(hello, { ...expected, chainId: other })).toEqual({ refusal: 'FOREIGN_CHAIN' });
  expect(await verifyHello(hello, { ...expected, sessionValue: other })).toEqual({ refusal: 'BAD_SIGNATURE' });
  expect(await verifyHello(hello, { ...expected, role: 'listener' })).toEqual({ refusal: 'BAD_HELLO' });
  for (let i = 0; i < hello.length; i++) {
    const changed = hello.slice();
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(await verifyHello(changed, expected), `offset ${i}`).toHaveProperty('refusal');
  }
});

test('the envelope of section 3', () => {
  const envelope = { topic: 'ask', kind: envelopeKind.request, requestId: 300, payload: Uint8Array.of(1, 2) };
  expect(toHex(encodeEnvelope(envelope))).toBe('94a361736b01cd012cc4020102');
  expect(decodeEnvelope(encodeEnvelope(envelope), 1_024)).toEqual(envelope);
});

test('the public surface', () => {
  expect(Object.keys(index).sort()).toEqual(['NetworkError', 'createNetwork', 'defaultLimits']);
});

test('bytes are one envelope exactly, or refused by code', () => {
  const envelope = fc
    .tuple(fc.string(), fc.nat(5), fc.nat(), fc.uint8Array())
    .map(([topic, kind, id, payload]) => encodeCanonical([topic.toWellFormed(), kind, id, payload]));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), envelope), (frame) => {
      try {
        expect(toHex(encodeEnvelope(decodeEnvelope(frame, 1_024)))).toBe(toHex(frame));
      } catch (error) {
        expect(error).toBeInstanceOf(PrimitivesError);
      }
    }),
    { seed: 21, numRuns: 2_000 },
  );
});

test('a bucket whose debts are waited for never gives more than burst and rate', () => {
  const takes = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 3_000 })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(takes, (calls) => {
      const bucket = new TokenBucket(10, 100, 0);
      let nowMs = 0;
      let taken = 0;
      for (const [count, idleMs] of calls) {
        nowMs += idleMs;
        taken += count;
        nowMs += bucket.take(count, nowMs);
        expect(taken).toBeLessThanOrEqual(100 + nowMs / 100);
      }
    }),
    { seed: 22 },
  );
});
