import { encodeCanonical, equalBytes, hash, toHex } from '@radledger/primitives';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  blockIdOf,
  bodyBytesOf,
  chainIdOf,
  decodeBody,
  decodeEpochCell,
  decodeGenesis,
  decodeGrantCell,
  decodeHeader,
  decodeSourceCell,
  encodeBody,
  encodeEpochCell,
  encodeGenesis,
  encodeHeader,
  epochOfHeight,
  firstHeightOfEpoch,
  type Genesis,
  genesisBlock,
  genesisFromJson,
  genesisToJson,
  type ModuleSettings,
  grantFromJson,
  grantToJson,
  type Header,
  isBoundaryHeight,
  isLive,
  ownerFromJson,
  ownerToJson,
  sourceFromJson,
  sourceToJson,
  studyFromJson,
  studyToJson,
} from '../src/index.js';
import { equalWeightRules } from '../src/testing/index.js';
import { genesisOf, idOf, signerOf } from './scenario-fixture.js';

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'accepted';
}

const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
const headers: fc.Arbitrary<Header> = fc.record({
  format: fc.constant(1 as const),
  chainId: id,
  height: fc.maxSafeNat(),
  parentId: id,
  timestampMs: fc.maxSafeNat(),
  proposer: id,
  transactionRoot: id,
  stateRoot: id,
  dutyRoot: id,
  bodyBytes: fc.nat(),
  sealKind: fc.nat(255),
  sealBytes: fc.uint8Array({ maxLength: 4_096 }),
});

describe('header and body', () => {
  test('survive their bytes, and the id covers them', () => {
    fc.assert(
      fc.property(headers, (header) => {
        const encoded = encodeHeader(header);
        expect(decodeHeader(encoded)).toEqual(header);
        expect(toHex(blockIdOf(header))).toBe(toHex(hash('radledger/block/1', Object.values(header))));
        expect(toHex(blockIdOf(encoded))).toBe(toHex(blockIdOf(header)));
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test('the length of a body is known before it is written', () => {
    const sizes = [0, 1, 255, 256, 65_535, 65_536];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...sizes), { maxLength: 40 }),
        fc.constantFrom(...sizes),
        (lengths, justification) => {
          const transactions = lengths.map((length) => new Uint8Array(length));
          const body = { transactions, justification: new Uint8Array(justification) };
          const encoded = encodeBody(body);
          expect(bodyBytesOf(transactions, justification)).toBe(encoded.length);
          const decoded = decodeBody(encoded, { bytesMax: encoded.length });
          expect(equalBytes(encodeBody(decoded), encoded)).toBe(true);
          expect(codeOf(() => decodeBody(encoded, { bytesMax: encoded.length - 1 }))).toBe('TOO_LARGE');
        },
      ),
      { seed: 2, numRuns: 30 },
    );
  });

  test('hostile bytes are refused with a code', () => {
    expect(codeOf(() => decodeHeader(new Uint8Array(5_000)))).toBe('TOO_LARGE');
    expect(codeOf(() => decodeHeader(encodeCanonical([1, 2])))).toBe('MALFORMED');
    expect(codeOf(() => decodeHeader(Uint8Array.of(0xc1)))).toBe('MALFORMED');
    expect(codeOf(() => decodeBody(new Uint8Array(900).fill(0x91), { bytesMax: 1_000 }))).toBe('MALFORMED');
    expect(codeOf(() => decodeSourceCell(encodeCanonical([2])))).toBe('MALFORMED');
    expect(codeOf(() => decodeGrantCell(new Uint8Array(70_000)))).toBe('TOO_LARGE');
  });
});

describe('genesis', () => {
  test('survives bytes and JSON, and its id covers it', async () => {
    const genesis = await genesisOf(['a', 'b', 'c']);
    expect(decodeGenesis(encodeGenesis(genesis))).toEqual(genesis);
    expect(genesisFromJson(JSON.parse(JSON.stringify(genesisToJson(genesis))))).toEqual(genesis);
    const tuned: Genesis = {
      ...genesis,
      parameters: {
        ...genesis.parameters,
        moduleSettings: [
          ['depth', 7],
          ['width', 0],
        ],
      },
    };
    expect(decodeGenesis(encodeGenesis(tuned))).toEqual(tuned);
    expect(genesisFromJson(JSON.parse(JSON.stringify(genesisToJson(tuned))))).toEqual(tuned);
    expect(toHex(chainIdOf({ ...genesis, name: 'other' }))).not.toBe(toHex(chainIdOf(genesis)));
  });

  test('each fault has its code', async () => {
    const genesis = await genesisOf(['a', 'b']);
    const change = (changes: Partial<Genesis>): string => codeOf(() => encodeGenesis({ ...genesis, ...changes }));
    const [first, second] = genesis.sources as [Genesis['sources'][number], Genesis['sources'][number]];
    expect(change({ sources: [second, first] })).toBe('GENESIS_INVALID');
    expect(change({ sources: [first, { ...second, nodeKey: first.vrfKey }] })).toBe('GENESIS_INVALID');
    expect(change({ sources: [{ ...first, nodeKey: new Uint8Array(32) }] })).toBe('GENESIS_INVALID');
    expect(change({ recoveryThreshold: 1 })).toBe('GENESIS_INVALID');
    expect(change({ authorities: [first.nodeKey, first.nodeKey] })).toBe('GENESIS_INVALID');
    expect(change({ sources: [] })).toBe('MALFORMED');
    expect(change({ name: '' })).toBe('MALFORMED');
    expect(change({ parameters: { ...genesis.parameters, epochHeights: 1 } })).toBe('PARAMETER_OUT_OF_RANGE');
    expect(change({ parameters: { ...genesis.parameters, workBits: 33 } })).toBe('PARAMETER_OUT_OF_RANGE');
    expect(change({ parameters: { ...genesis.parameters, workBits: 0.5 } })).toBe('PARAMETER_OUT_OF_RANGE');
    expect(() => chainIdOf({ ...genesis, parameters: { ...genesis.parameters, committeeMax: 129 } })).toThrow(
      'parameters.committeeMax',
    );
    const settings = (moduleSettings: ModuleSettings): string =>
      change({ parameters: { ...genesis.parameters, moduleSettings } });
    for (const wrong of ['Depth', '', 'with space', 'é']) expect(settings([[wrong, 1]])).not.toBe('accepted');
    expect(
      settings([
        ['b', 1],
        ['a', 1],
      ]),
    ).toBe('PARAMETER_OUT_OF_RANGE');
    expect(
      settings([
        ['a', 1],
        ['a', 2],
      ]),
    ).toBe('PARAMETER_OUT_OF_RANGE');
    expect(settings([['a', -1]])).toBe('MALFORMED');
    expect(settings(Array.from({ length: 33 }, (_, index) => [`a${index + 10}`, 1] as const))).toBe('MALFORMED');
    const json = genesisToJson(genesis);
    const settingsOf = (moduleSettings: unknown): string =>
      codeOf(() => genesisFromJson({ ...json, parameters: { ...json.parameters, moduleSettings } }));
    for (const wrong of [{ a: 1 }, [['a']], [['a', 1, 2]], [['a', '1']], ['a'], undefined]) {
      expect(settingsOf(wrong)).toBe('MALFORMED');
    }
    expect(codeOf(() => genesisFromJson({ ...json, extra: 1 }))).toBe('MALFORMED');
    expect(codeOf(() => genesisFromJson({ ...json, format: 2 }))).toBe('MALFORMED');
    expect(codeOf(() => genesisFromJson({ ...json, parameters: { ...json.parameters, more: 1 } }))).toBe('MALFORMED');
    expect(codeOf(() => genesisFromJson({ ...json, parameters: {} }))).toBe('MALFORMED');
    expect(codeOf(() => genesisFromJson({ ...json, authorities: ['AA'] }))).toBe('MALFORMED');
    expect(codeOf(() => genesisFromJson(null))).toBe('MALFORMED');
  });

  test('block 0 is the same for everyone, and only for the module that genesis names', async () => {
    const genesis = await genesisOf(['a', 'b']);
    const [one, two] = [await genesisBlock(genesis, equalWeightRules), await genesisBlock(genesis, equalWeightRules)];
    expect(toHex(one.block.id)).toBe(toHex(two.block.id));
    expect(one.header).toMatchObject({ height: 0, bodyBytes: encodeBody(one.block.body).length, sealKind: 0 });
    await expect(genesisBlock(genesis, { ...equalWeightRules, id: 'other/1' })).rejects.toMatchObject({
      code: 'GENESIS_INVALID',
    });
  });
});

describe('JSON of cells', () => {
  test('gives back what it was given', async () => {
    const [{ publicKey: one }, { publicKey: two }] = await Promise.all([signerOf('one'), signerOf('two')]);
    const keys = { signingKey: one, nodeKey: two, vrfKey: idOf('vrf') };
    const quota = { units: 3, height: 4 };
    const endpoint = { name: 'A', baseUrl: 'https://a', tlsPins: [idOf('pin')] };
    for (const entry of [endpoint, undefined]) {
      const facts = { endpoint: entry, ...keys, endowment: 5, admittedHeight: 6 };
      const cell = {
        ...facts,
        studies: 9,
        studyQuota: quota,
        allowQuota: quota,
        rate: { period: 0, count: 1, meanMilli: 2 },
      };
      expect(sourceFromJson(sourceToJson(idOf('s'), cell))).toEqual({ id: idOf('s'), ...facts });
    }
    const ids = { source: idOf('s'), studyId: idOf('d') };
    const study = { owner: one, era: 2, content: idOf('c'), definedHeight: 7, contentHeight: 8 };
    const ended = { retired: { reason: 'wrong-patient' as const, height: 9 }, delegate: { key: two, notAfterMs: 10 } };
    for (const state of [ended, { retired: undefined, delegate: undefined }]) {
      expect(studyFromJson(studyToJson(ids, { ...study, ...state, quota }))).toEqual({ ...ids, ...study, ...state });
    }
    const grant = { era: 0, sequence: 1, revoked: false, notAfterMs: 2, scope: 0, height: 3 };
    for (const consentReceiptHash of [idOf('r'), undefined]) {
      const facts = { ...ids, tag: idOf('t') };
      expect(grantFromJson(grantToJson(facts, { ...grant, consentReceiptHash }))).toEqual({
        ...facts,
        ...grant,
        consentReceiptHash,
      });
    }
    const owner = { ...ids, role: 'delegate' as const };
    expect(ownerFromJson(ownerToJson(one, owner))).toEqual({ key: one, ...owner });
  });

  test('refuses what is not exact', () => {
    const owner = ownerToJson(idOf('k'), { source: idOf('s'), studyId: idOf('d'), role: 'owner' });
    expect(codeOf(() => ownerFromJson({ ...owner, key: owner.key.toUpperCase() }))).toBe('MALFORMED');
    expect(codeOf(() => ownerFromJson({ ...owner, role: 'friend' }))).toBe('MALFORMED');
    expect(codeOf(() => ownerFromJson({ ...owner, source: 7 }))).toBe('MALFORMED');
    expect(codeOf(() => grantFromJson({}))).toBe('MALFORMED');
    expect(codeOf(() => studyFromJson([]))).toBe('MALFORMED');
    expect(codeOf(() => sourceFromJson('x'))).toBe('MALFORMED');
  });
});

test('a grant is live only while all conditions hold', () => {
  const study = {
    owner: idOf('o'),
    era: 1,
    content: idOf('c'),
    definedHeight: 1,
    contentHeight: 1,
    retired: undefined,
    delegate: undefined,
    quota: { units: 0, height: 0 },
  };
  const grant = {
    era: 1,
    sequence: 1,
    revoked: false,
    notAfterMs: 100,
    scope: 0,
    consentReceiptHash: undefined,
    height: 1,
  };
  const at = { finalizedTimestampMs: 99, nowMs: 99 };
  expect(isLive({ study, grant, ...at })).toBe(true);
  expect(isLive({ study, grant, ...at, nowMs: 100 })).toBe(false);
  expect(isLive({ study, grant, ...at, finalizedTimestampMs: 100 })).toBe(false);
  expect(isLive({ study: { ...study, era: 2 }, grant, ...at })).toBe(false);
  expect(isLive({ study: { ...study, retired: { reason: 'other', height: 2 } }, grant, ...at })).toBe(false);
  expect(isLive({ study, grant: { ...grant, revoked: true }, ...at })).toBe(false);
});

test('epochs', () => {
  expect([0, 1, 720, 721, 1_440, 1_441].map((height) => epochOfHeight(height, 720))).toEqual([0, 0, 0, 1, 1, 2]);
  expect([0, 719, 720, 1_440].map((height) => isBoundaryHeight(height, 720))).toEqual([false, false, true, true]);
  expect(firstHeightOfEpoch(2, 720)).toBe(1_441);
});

test('an epoch of 128 members with the largest weights survives its bytes', () => {
  const members = Array.from({ length: 128 }, (_, index) => ({
    source: idOf(`s ${index}`),
    nodeKey: idOf('n'),
    vrfKey: idOf('v'),
    weight: BigInt(Number.MAX_SAFE_INTEGER),
  }));
  const cell = { epoch: 3, firstHeight: 9, members, seed: idOf('seed') };
  expect(decodeEpochCell(encodeEpochCell(cell))).toEqual(cell);
});
