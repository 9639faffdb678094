import type { Signer } from '@radledger/primitives';
import { attestSource, type PayloadOf, type SignedTransaction } from '@radledger/transactions';
import { beforeEach, describe, expect, test } from 'vitest';
import { type AttestedCell, cellKey, decodeAttestedCell, type Parameters } from '../src/index.js';
import { idOf, judge, signerOf, sourceKeysOf, TestNet } from './scenario-fixture.js';

let net: TestNet;
let payer: Signer;
let registry: Signer;
let stranger: Signer;
let source: Uint8Array;

async function open(parameters: Partial<Parameters> = {}): Promise<void> {
  [payer, registry, stranger] = (await Promise.all(['payer', 'registry', 'stranger'].map(signerOf))) as [
    Signer,
    Signer,
    Signer,
  ];
  net = await TestNet.open(['a', 'b'], parameters, { admission: 'attested', stake: 'attested' }, [payer, registry]);
  source = (await sourceKeysOf('c')).signing.publicKey;
}

beforeEach(() => open());

const attest = (signer: Signer, payload: Partial<PayloadOf<'attest'>>) =>
  net.tx('attest', signer, { source, admitUntilHeight: undefined, studies: undefined, ...payload });
const studies = (signer: Signer, period: number, countMax: number) => attest(signer, { studies: { period, countMax } });
const wordFor = (authority: Signer, untilHeight: number, of = source) =>
  attestSource({ chainId: net.chainId, source: of, untilHeight, authority });

async function attested(): Promise<AttestedCell | undefined> {
  const [value] = await net.state.getMany([cellKey.attested(source)]);
  return value && decodeAttestedCell(value);
}

async function applied(...transactions: readonly SignedTransaction[]): Promise<void> {
  expect((await net.add(transactions)).left).toEqual([]);
}

describe('admission by an authority', () => {
  test('no source comes in without: neither bare, nor with work, nor on the word of a stranger', async () => {
    expect(await judge(net, await net.defineSource('c'))).toBe('ADMISSION_UNATTESTED');
    const work = { kind: 'work', height: 0, blockId: idOf('block'), counter: 0 } as const;
    expect(await judge(net, await net.defineSource('c', work))).toBe('ADMISSION_NOT_ALLOWED!');
    expect(await judge(net, await net.defineSource('c', await wordFor(stranger, 9)))).toBe('AUTHORITY_UNKNOWN!');
    expect(await judge(net, await attest(stranger, { admitUntilHeight: 9 }))).toBe('AUTHORITY_UNKNOWN!');
    // A source of genesis is no authority by that.
    const { signing } = await sourceKeysOf('a');
    expect(await judge(net, await attest(signing, { admitUntilHeight: 9 }))).toBe('AUTHORITY_UNKNOWN!');
  });

  test('a word inside of the Define Source holds up to its height', async () => {
    await applied();
    await applied();
    expect(await judge(net, await net.defineSource('c', await wordFor(payer, 2)))).toBe('ATTESTATION_EXPIRED!');
    const define = await net.defineSource('c', await wordFor(payer, 3));
    expect(await judge(net, define)).toBe('ok');
    await applied(define);
    expect(await judge(net, await net.defineSource('c', await wordFor(payer, 900)))).toBe('SOURCE_EXISTS!');
  });

  test('a word on the ledger admits up to its height; a longer one replaces it, an equal one is refused', async () => {
    await applied(await attest(payer, { admitUntilHeight: 3 }));
    expect(await judge(net, await attest(registry, { admitUntilHeight: 3 }))).toBe('ATTESTED_ALREADY!');
    expect(await judge(net, await attest(payer, { admitUntilHeight: 1 }))).toBe('ATTESTATION_EXPIRED!');
    await applied();
    expect(await judge(net, await net.defineSource('c'))).toBe('ok');
    await applied();
    expect(await judge(net, await net.defineSource('c'))).toBe('ADMISSION_UNATTESTED');
    await applied(await attest(registry, { admitUntilHeight: 50 }));
    await applied(await net.defineSource('c'));
    expect(await judge(net, await attest(payer, { admitUntilHeight: 99 }))).toBe('SOURCE_EXISTS!');
  });

  test('under open admission a word is no admission', async () => {
    net = await TestNet.open(['a', 'b'], {}, {}, [payer]);
    expect(await judge(net, await net.defineSource('c', await wordFor(payer, 9)))).toBe('ADMISSION_NOT_ALLOWED!');
  });
});

describe('attested maxima', () => {
  // Periods of 4 heights; a window of 2 epochs of 5.
  beforeEach(async () => {
    await open({ quotaPeriodHeights: 2, rateWindowPeriods: 2, stakeWindowEpochs: 2 });
    source = (await sourceKeysOf('a')).signing.publicKey;
  });

  test('one a period and authority, replaced by another number, refused when the same', async () => {
    await applied(await studies(registry, 0, 70), await studies(payer, 0, 30));
    expect(await judge(net, await studies(payer, 0, 30))).toBe('MAXIMUM_STANDS');
    await applied(await studies(payer, 0, 0));
    expect(await attested()).toEqual({
      admitUntilHeight: 0,
      maxima: [
        { period: 0, authority: 0, countMax: 0 },
        { period: 0, authority: 1, countMax: 70 },
      ],
    });
  });

  test('only for periods that have begun and still lie in the window; past ones go with the next word', async () => {
    await applied(await studies(payer, 0, 5));
    expect(await judge(net, await studies(payer, 1, 5))).toBe('PERIOD_AHEAD');
    while (net.parent.height < 12) await applied();
    expect(await judge(net, await studies(payer, 3, 5))).toBe('ok');
    expect(await judge(net, await studies(payer, 4, 5))).toBe('PERIOD_AHEAD');
    expect(await judge(net, await studies(registry, 0, 5))).toBe('ok');
    await applied();
    expect(await judge(net, await studies(registry, 0, 5))).toBe('PERIOD_PAST!');
    await applied(await studies(registry, 3, 8));
    expect((await attested())?.maxima).toEqual([{ period: 3, authority: 1, countMax: 8 }]);
  });

  test('a replay is refused as any other', async () => {
    const first = await studies(payer, 0, 5);
    await applied(first);
    await applied(await studies(payer, 0, 6));
    expect(await judge(net, first)).toBe('REPLAYED!');
  });
});

test('a maximum is for a source, or one that is admitted', async () => {
  expect(await judge(net, await studies(payer, 0, 5))).toBe('SOURCE_UNKNOWN');
  expect(await judge(net, await attest(payer, { admitUntilHeight: 3, studies: { period: 0, countMax: 5 } }))).toBe(
    'ok',
  );
  await applied(await attest(payer, { admitUntilHeight: 3 }));
  expect(await judge(net, await studies(payer, 0, 5))).toBe('ok');
  while (net.parent.height < 3) await applied();
  expect(await judge(net, await studies(payer, 0, 5))).toBe('SOURCE_UNKNOWN');
});

test('an admission that nobody took up goes with the epoch in which it ended', async () => {
  await applied(await attest(payer, { admitUntilHeight: 6 }));
  while (net.parent.height < 9) await applied();
  expect(await attested()).toMatchObject({ admitUntilHeight: 6 });
  await applied();
  expect(await attested()).toBeUndefined();
});

test('an authority attests no more than its quota, in whatever way, and regains it with the heights', async () => {
  await open({ attestsPerPeriod: 2, quotaPeriodHeights: 4 });
  await applied(
    await attest(payer, { source: idOf('x'), admitUntilHeight: 90 }),
    await attest(payer, { source: idOf('y'), admitUntilHeight: 90 }),
  );
  expect(await judge(net, await attest(payer, { admitUntilHeight: 90 }))).toBe('ATTEST_QUOTA');
  expect(await judge(net, await net.defineSource('c', await wordFor(payer, 90)))).toBe('ATTEST_QUOTA');
  expect(await judge(net, await attest(registry, { admitUntilHeight: 90 }))).toBe('ok');
  await applied();
  await applied(await net.defineSource('c', await wordFor(payer, 90)));
  expect(await judge(net, await attest(payer, { source: idOf('z'), admitUntilHeight: 90 }))).toBe('ATTEST_QUOTA');
});
