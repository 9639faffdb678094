// Goal: an access log is what the source said, about this study, to this request, or it is refused. Method: one good exchange, and each part of it changed.
import { createSigner, type Signer } from '@radledger/primitives';
import { beforeAll, expect, test } from 'vitest';
import {
  ACCESS_LOG_ENTRIES_MAX,
  type AccessLogEntry,
  createAccessLogRequest,
  decodeAccessLogRequest,
  generateSealingKeyPair,
  openAccessLog,
  REQUEST_SKEW_MS,
  sealAccessLog,
  type SealingKeyPair,
  verifyAccessLogRequest,
} from '../src/index.js';

const timeMs = 1_800_000_000_000;
const id = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const about = { chainId: id(1), source: id(2), studyId: id(3) };
const entry: AccessLogEntry = {
  position: new Uint8Array(10).fill(7),
  atMs: timeMs - 5,
  reader: id(9),
  part: 'file-set',
  basis: 'grant',
  outcome: 'success',
  bytes: 2 ** 40,
  readings: 1,
};

let owner: Signer;
let source: Signer;
let pair: SealingKeyPair;
let bytes: Uint8Array;
beforeAll(async () => {
  [owner, source] = [await createSigner(id(4)), await createSigner(id(5))];
  pair = await generateSealingKeyPair();
  bytes = await createAccessLogRequest({ ...about, signer: owner, sealingKey: pair.publicKey, timeMs });
});

const seal = (entries: readonly AccessLogEntry[], request = bytes, signer = source) =>
  sealAccessLog({
    request: decodeAccessLogRequest(request),
    log: { entries, isOlderLeft: false, issuedAtMs: timeMs },
    signer,
  });
const open = async (sealed: Uint8Array, request = bytes) =>
  openAccessLog({ request, sealed, sealingKeyPair: pair, signingKey: source.publicKey });

test('what was said arrives, also the longest answer', async () => {
  const entries = Array.from({ length: ACCESS_LOG_ENTRIES_MAX }, () => entry);
  const { log } = await open(await seal(entries));
  expect(log).toEqual({
    source: about.source,
    studyId: about.studyId,
    entries,
    isOlderLeft: false,
    issuedAtMs: timeMs,
  });
});

test('a request counts for its chain, source, time and signer', async () => {
  const request = decodeAccessLogRequest(bytes);
  const expected = { ...about, nowMs: timeMs };
  await verifyAccessLogRequest(request, expected);
  const refused = (change: object, within: object = {}) =>
    verifyAccessLogRequest({ ...request, ...change }, { ...expected, ...within });
  await expect(refused({}, { source: id(6) })).rejects.toMatchObject({ code: 'NOT_FOR_US' });
  await expect(refused({}, { chainId: id(6) })).rejects.toMatchObject({ code: 'NOT_FOR_US' });
  await expect(refused({}, { nowMs: timeMs + REQUEST_SKEW_MS + 1 })).rejects.toMatchObject({ code: 'EXPIRED' });
  await expect(refused({}, { nowMs: timeMs - REQUEST_SKEW_MS - 1 })).rejects.toMatchObject({ code: 'EXPIRED' });
  for (const change of [{ studyId: id(6) }, { key: source.publicKey }, { before: entry.position }]) {
    await expect(refused(change)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  }
});

test('an answer counts from its source, to this request alone', async () => {
  await expect(open(await seal([entry], bytes, owner))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  const other = await createAccessLogRequest({ ...about, signer: owner, sealingKey: pair.publicKey, timeMs });
  await expect(open(await seal([entry], other))).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
  const sealed = await seal([entry]);
  sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
  await expect(open(sealed)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
});

test.each([0, 20, 1_025])('%i bytes of noise are no request', (length) => {
  expect(() => decodeAccessLogRequest(new Uint8Array(length).fill(0x91))).toThrow(/MALFORMED_MESSAGE/);
});
