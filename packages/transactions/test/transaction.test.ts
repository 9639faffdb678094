import { decodeCanonical, encodeCanonical, equalBytes, type Signer, toHex, verifyAll } from '@radledger/primitives';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createTransaction,
  decodeTransaction,
  isKind,
  type SignedTransaction,
  signatureClaims,
  TRANSACTION_KINDS,
  TransactionError,
  type TransactionErrorInfo,
  type TransactionKind,
} from '../src/index.js';
import { chainId, createSamples, idOf, type Samples } from './sample-payloads.js';

let samples: Samples;
const signed = new Map<TransactionKind, SignedTransaction>();

beforeAll(async () => {
  samples = await createSamples();
  for (const kind of TRANSACTION_KINDS) signed.set(kind, await sign(kind));
});

function sign(
  kind: TransactionKind,
  change: { payload?: object; expiryHeight?: number; signer?: Signer } = {},
): Promise<SignedTransaction> {
  const { signer, payload } = samples[kind];
  return createTransaction({
    chainId,
    kind,
    signer: change.signer ?? signer,
    expiryHeight: change.expiryHeight ?? (kind === 'revoke-access' ? 0 : 500),
    nonce: new Uint8Array(8),
    payload: { ...payload, ...change.payload },
  });
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof TransactionError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe.each(TRANSACTION_KINDS)('%s', (kind) => {
  test('decodes to what was encoded, with the same id', () => {
    const original = signed.get(kind) as SignedTransaction;
    const decoded = decodeTransaction(original.bytes, chainId);
    expect(decoded).toEqual(original);
    expect(isKind(decoded, kind)).toBe(true);
  });

  test('carries signatures that verify, on this chain only', async () => {
    const decoded = decodeTransaction((signed.get(kind) as SignedTransaction).bytes, chainId);
    expect(await verifyAll(signatureClaims(decoded, chainId))).toBe(true);
    const foreign = idOf('another chain');
    expect(equalBytes(decodeTransaction(decoded.bytes, foreign).txId, decoded.txId)).toBe(false);
    expect(await verifyAll(signatureClaims(decoded, foreign))).toBe(false);
  });

  // Goal: no two byte strings share an id unless they differ in the signature alone, which then no longer verifies.
  test('a changed byte is refused, or gives another id, or breaks the signature', async () => {
    const original = signed.get(kind) as SignedTransaction;
    await fc.assert(
      fc.asyncProperty(fc.nat(original.bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const mutated = original.bytes.slice();
        mutated[at] = (mutated[at] as number) ^ flip;
        let decoded: SignedTransaction;
        try {
          decoded = decodeTransaction(mutated, chainId);
        } catch (error) {
          expect(error).toBeInstanceOf(TransactionError);
          return;
        }
        if (!equalBytes(decoded.txId, original.txId)) return;
        expect(await verifyAll(signatureClaims(decoded, chainId))).toBe(false);
      }),
      { seed: 7, numRuns: 60 },
    );
  });
});

test('the id covers chain and envelope as the specification words it', () => {
  const { bytes, txId } = signed.get('amend-study') as SignedTransaction;
  const [envelope] = decodeCanonical(bytes, { bytesMax: 65_536 }) as [never, never];
  const message = encodeCanonical(['radledger/tx/1', chainId, envelope]);
  expect(
    toHex(signatureClaims(signed.get('amend-study') as SignedTransaction, chainId)[0]?.message as Uint8Array),
  ).toBe(toHex(message));
  expect(txId).toHaveLength(32);
});

describe('refused without state', () => {
  const cases: readonly [
    code: TransactionErrorInfo['code'],
    kind: TransactionKind,
    payload: object,
    expiryHeight?: number,
  ][] = [
    ['EXPIRY_REQUIRED', 'allow-access', {}, 0],
    ['EXPIRY_NOT_ALLOWED', 'revoke-access', {}, 1],
    ['NAME_INVALID', 'define-source', { name: '' }],
    ['NAME_INVALID', 'define-source', { name: ' City' }],
    ['NAME_INVALID', 'define-source', { name: 'City  Hospital' }],
    ['NAME_INVALID', 'move-source', { name: 'City\u0007' }],
    ['NAME_INVALID', 'move-source', { name: 'ﬁne' }],
    ['NAME_INVALID', 'move-source', { name: 'e\u0301cole' }],
    ['NAME_INVALID', 'move-source', { name: 'a\u202eb' }],
    ['BASE_URL_INVALID', 'move-source', { baseUrl: 'http://a.example' }],
    ['BASE_URL_INVALID', 'move-source', { baseUrl: 'https://a.example/' }],
    ['BASE_URL_INVALID', 'move-source', { baseUrl: 'https://user@a.example' }],
    ['BASE_URL_INVALID', 'move-source', { baseUrl: 'https://A.example' }],
    ['BASE_URL_INVALID', 'move-source', { baseUrl: 'https://a.example:99999' }],
    ['BASE_URL_INVALID', 'move-source', { baseUrl: 'https://a.example/x/../y' }],
    ['BASE_URL_INVALID', 'move-source', { baseUrl: 'https://a.example/?q=1' }],
    ['BASE_URL_INVALID', 'move-source', { baseUrl: 'https://a.example#f' }],
    ['TLS_PINS_INVALID', 'move-source', { tlsPins: [] }],
    ['TLS_PINS_INVALID', 'move-source', { tlsPins: [idOf('pin'), idOf('pin')] }],
    ['KEY_NOT_STRICT', 'rotate-key', { newKey: new Uint8Array(32) }],
    ['KEY_NOT_STRICT', 'define-study', { owner: Uint8Array.of(1, ...new Uint8Array(31)) }],
    ['KEY_NOT_STRICT', 'move-owner', { newOwner: new Uint8Array(32).fill(0xff) }],
    ['KEY_NOT_STRICT', 'set-delegate', { delegate: { key: new Uint8Array(32), acceptance: new Uint8Array(64) } }],
    ['NOT_AFTER_REQUIRED', 'allow-access', { notAfterMs: 0 }],
    ['NOT_AFTER_REQUIRED', 'set-delegate', { notAfterMs: 0 }],
    ['NOT_AFTER_NOT_ALLOWED', 'set-delegate', { delegate: undefined }],
    ['SCOPE_UNKNOWN', 'allow-access', { scope: 1 }],
    ['SEQUENCE_INVALID', 'allow-access', { sequence: 0 }],
    ['SEQUENCE_INVALID', 'revoke-access', { sequence: 0 }],
  ];

  test.each(cases)('%s: %s %j', async (code, kind, payload, expiryHeight) => {
    const change = expiryHeight === undefined ? { payload } : { payload, expiryHeight };
    await expect(sign(kind, change)).rejects.toMatchObject({ code });
  });

  test('KEY_REUSED and OWNER_UNCHANGED', async () => {
    const { nodeKey } = samples['define-source'].payload;
    await expect(sign('define-source', { payload: { vrfKey: nodeKey } })).rejects.toMatchObject({ code: 'KEY_REUSED' });
    const newOwner = samples['move-owner'].signer.publicKey;
    await expect(sign('move-owner', { payload: { newOwner } })).rejects.toMatchObject({ code: 'OWNER_UNCHANGED' });
  });

  test('good names and URLs pass', async () => {
    for (const name of ['City Hospital', 'Клиника №1'.replace('№', 'N'), '東京病院', 'מרכז', 'Zürich & Söhne']) {
      await expect(sign('move-source', { payload: { name } })).resolves.toBeDefined();
    }
    for (const baseUrl of [
      'https://a',
      'https://[::1]:8443/x',
      'https://127.0.0.1:1/gateway/v1',
      'https://a-b.example/~x',
    ]) {
      await expect(sign('move-source', { payload: { baseUrl } })).resolves.toBeDefined();
    }
  });
});

describe('hostile bytes', () => {
  /** The values of a valid transaction with one of them replaced, as canonical bytes. */
  function changed(kind: TransactionKind, change: (envelope: unknown[], whole: unknown[]) => void): Uint8Array {
    const whole = decodeCanonical((signed.get(kind) as SignedTransaction).bytes, { bytesMax: 65_536 }) as unknown[];
    change(whole[0] as unknown[], whole);
    return encodeCanonical(whole as never);
  }
  const decode = (bytes: Uint8Array): string => codeOf(() => decodeTransaction(bytes, chainId));

  test('each fault has its code', () => {
    expect(decode(new Uint8Array(65_537))).toBe('TOO_LARGE');
    expect(decode(new Uint8Array(0))).toBe('MALFORMED');
    expect(decode(new Uint8Array(60_000).fill(0x91))).toBe('MALFORMED');
    expect(decode(changed('amend-study', (envelope) => (envelope[0] = 2)))).toBe('UNKNOWN_FORMAT');
    expect(decode(changed('amend-study', (envelope) => (envelope[0] = 'x')))).toBe('MALFORMED');
    for (const kind of [0, 14, 200]) {
      expect(decode(changed('amend-study', (envelope) => (envelope[1] = kind)))).toBe('UNKNOWN_KIND');
    }
    expect(decode(changed('amend-study', (envelope) => ((envelope[2] as unknown[])[0] = 2)))).toBe('UNKNOWN_ALGORITHM');
    expect(decode(changed('amend-study', (_envelope, whole) => ((whole[1] as unknown[])[0] = 9)))).toBe(
      'UNKNOWN_ALGORITHM',
    );
    expect(decode(changed('define-study', (envelope) => (((envelope[5] as unknown[])[2] as unknown[])[0] = 2)))).toBe(
      'MALFORMED',
    );
    expect(decode(changed('amend-study', (envelope) => (envelope[4] = new Uint8Array(7))))).toBe('MALFORMED');
    expect(decode(changed('amend-study', (envelope) => envelope.push(1)))).toBe('MALFORMED');
    expect(decode(changed('amend-study', (_envelope, whole) => whole.push(1)))).toBe('MALFORMED');
    expect(decode(changed('rotate-key', (envelope) => ((envelope[5] as unknown[])[1] = 4)))).toBe('ROLE_UNKNOWN');
    expect(decode(changed('retire-study', (envelope) => ((envelope[5] as unknown[])[2] = 5)))).toBe(
      'RETIRE_REASON_UNKNOWN',
    );
    expect(decode(changed('define-source', (envelope) => ((envelope[5] as unknown[])[8] = [[3, 1]])))).toBe(
      'ADMISSION_UNKNOWN',
    );
    expect(
      decode(changed('allow-access', (envelope) => ((envelope[5] as unknown[])[6] = [idOf('a'), idOf('b')]))),
    ).toBe('MALFORMED');
  });

  test('a second encoding of the same values is refused', () => {
    const { bytes } = signed.get('amend-study') as SignedTransaction;
    expect(decode(Uint8Array.from([...bytes, 0]))).toBe('MALFORMED');
    const overlong = Uint8Array.from([0xdc, 0, 2, ...bytes.subarray(1)]);
    expect(decode(overlong)).toBe('MALFORMED');
  });

  test('any bytes give a transaction or a TransactionError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        codeOf(() => decodeTransaction(bytes, chainId));
      }),
      { seed: 11, numRuns: 2_000 },
    );
  });
});
