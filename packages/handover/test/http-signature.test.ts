// Goal: a signed request means one thing, or is refused. Oracle for RFC 9421: the package http-message-signatures.
import { createSigner, randomBytes, type Signer, sha256, toHex, utf8, verifyFast } from '@radledger/primitives';
import fc from 'fast-check';
import { httpbis } from 'http-message-signatures';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  HTTP_SIGNATURE_LIFETIME_MS,
  HTTP_SIGNATURE_SKEW_MS,
  type ReceivedHttpRequest,
  type SignatureHeaders,
  signHttpRequest,
  verifyHttpRequest,
} from '../src/index.js';

// The system's clock: the oracle judges by it.
const nowMs = Math.floor(Date.now() / 1000) * 1000;
const url = 'https://gw.example:7443/site/dicom-web/studies?studyId=00ff&limit=2';
const body = utf8('a receipt');
let signer: Signer;
let headers: SignatureHeaders;
beforeAll(async () => {
  signer = await createSigner(new Uint8Array(32).fill(3));
  headers = await signHttpRequest({ method: 'GET', url, signer, nowMs });
});

const receive = (changes: Partial<ReceivedHttpRequest> = {}, from = headers): Promise<unknown> =>
  verifyHttpRequest({
    method: 'GET',
    urls: [url],
    signatureInput: from['signature-input'],
    signature: from.signature,
    contentDigest: from['content-digest'],
    body: undefined,
    nowMs,
    ...changes,
  });

test('a signed request holds, at any of the addresses of the server', async () => {
  const expected = { url, key: signer.publicKey, nonce: expect.stringMatching(/^[\w-]{22}$/) };
  expect(await receive()).toEqual({
    ...expected,
    rememberUntilMs: nowMs + HTTP_SIGNATURE_LIFETIME_MS + HTTP_SIGNATURE_SKEW_MS,
  });
  expect(await receive({ urls: ['https://images.example/dicom-web/studies', url] })).toMatchObject(expected);
  const posted = await signHttpRequest({ method: 'POST', url, signer, nowMs, body });
  expect(await receive({ method: 'POST', body }, posted)).toMatchObject(expected);
});

describe('RFC 9421 as another implementation reads it', () => {
  const key = () => ({
    id: toHex(signer.publicKey),
    alg: 'ed25519',
    sign: async (data: Buffer) => Buffer.from(await signer.sign(data)),
  });

  test.each(['GET', 'POST'] as const)('it verifies our %s', async (method) => {
    const ours = await signHttpRequest({ method, url, signer, nowMs, ...(method === 'POST' ? { body } : {}) });
    const verified = await httpbis.verifyMessage(
      {
        keyLookup: async (params) => ({
          id: String(params.keyid),
          algs: ['ed25519'],
          verify: async (data: Buffer, signature: Buffer) => verifyFast(signer.publicKey, data, signature),
        }),
        requiredFields: ['@method', '@authority', '@target-uri', ...(method === 'POST' ? ['content-digest'] : [])],
      },
      { method, url, headers: { ...ours } },
    );
    expect(verified).toBe(true);
  });

  test.each([
    ['GET', ['@method', '@authority', '@target-uri']],
    ['GET', ['@target-uri', '@method', '@authority']],
    ['POST', ['content-digest', '@method', '@target-uri', '@authority']],
  ] as const)('we verify its %s over %j', async (method, fields) => {
    const digest = `sha-256=:${Buffer.from(sha256(body)).toString('base64')}:`;
    const theirs = await httpbis.signMessage(
      {
        key: key(),
        name: 'sig1',
        fields: [...fields],
        params: ['nonce', 'tag', 'keyid', 'created', 'expires'],
        paramValues: {
          nonce: Buffer.from(randomBytes(16)).toString('base64'),
          tag: 'radledger/dicomweb/1',
          created: new Date(nowMs),
          expires: new Date(nowMs + 60_000),
        },
      },
      { method, url, headers: method === 'POST' ? { 'content-digest': digest } : {} },
    );
    const got = theirs.headers as Record<string, string>;
    expect(
      await receive({
        method,
        signatureInput: got['Signature-Input'],
        signature: got.Signature,
        ...(method === 'POST' ? { contentDigest: digest, body } : {}),
      }),
    ).toMatchObject({ key: signer.publicKey });
  });
});

describe('refused', () => {
  test.each<[string, Partial<ReceivedHttpRequest>, string]>([
    ['another method', { method: 'POST' }, 'SIGNATURE_INVALID'],
    ['another host', { urls: [url.replace('gw.', 'gw2.')] }, 'SIGNATURE_INVALID'],
    ['another port', { urls: [url.replace('7443', '7444')] }, 'SIGNATURE_INVALID'],
    ['another scheme', { urls: [url.replace('https', 'http')] }, 'SIGNATURE_INVALID'],
    ['another path', { urls: [url.replace('studies', 'series')] }, 'SIGNATURE_INVALID'],
    ['another spelling of the path', { urls: [url.replace('studies', 's%74udies')] }, 'SIGNATURE_INVALID'],
    ['another query', { urls: [url.replace('limit=2', 'limit=3')] }, 'SIGNATURE_INVALID'],
    ['no address', { urls: [] }, 'SIGNATURE_INVALID'],
    ['a body that is not covered', { body }, 'MALFORMED_MESSAGE'],
    ['no Signature-Input', { signatureInput: undefined }, 'MALFORMED_MESSAGE'],
    ['no Signature', { signature: undefined }, 'MALFORMED_MESSAGE'],
    ['an older clock', { nowMs: nowMs - HTTP_SIGNATURE_SKEW_MS - 1 }, 'EXPIRED'],
    ['a later clock', { nowMs: nowMs + HTTP_SIGNATURE_LIFETIME_MS + HTTP_SIGNATURE_SKEW_MS }, 'EXPIRED'],
  ])('%s', async (_name, change, code) => {
    await expect(receive(change)).rejects.toMatchObject({ code });
  });

  test.each<[string, (text: string) => string]>([
    ['a missing @method', (text) => text.replace('"@method" ', '')],
    ['a missing @authority', (text) => text.replace('"@authority" ', '')],
    ['a missing @target-uri', (text) => text.replace(' "@target-uri"', '')],
    ['a component twice', (text) => text.replace('"@method"', '"@method" "@method"')],
    ['a component of another message', (text) => text.replace('"@method"', '"@method";req')],
    ['a component more', (text) => text.replace('"@method"', '"@method" "date"')],
    ['no created', (text) => text.replace(/;created=\d+/, '')],
    ['no expires', (text) => text.replace(/;expires=\d+/, '')],
    ['no nonce', (text) => text.replace(/;nonce="[^"]+"/, '')],
    ['a short nonce', (text) => text.replace(/;nonce="[^"]+"/, ';nonce="0123456789"')],
    ['no key', (text) => text.replace(/;keyid="[^"]+"/, '')],
    ['a key in capitals', (text) => text.replace(/;keyid="[^"]+"/, (one) => one.toUpperCase())],
    ['another algorithm', (text) => text.replace('ed25519', 'rsa-v1_5-sha256')],
    ['another purpose', (text) => text.replace('radledger/dicomweb', 'radledger/other')],
    ['no purpose', (text) => text.replace(/;tag="[^"]+"/, '')],
    ['a parameter twice', (text) => `${text};created=1`],
    ['a parameter more', (text) => `${text};x=1`],
    ['two signatures', (text) => `${text}, ${text.replace('radledger=', 'other=')}`],
    ['another label', (text) => text.replace('radledger=', 'other=')],
    ['loose spaces', (text) => text.replace(';created', '; created')],
    ['too long a header', (text) => text.padEnd(3000, ' ')],
  ])('%s', async (_name, change) => {
    const changed = change(headers['signature-input']);
    expect(changed).not.toBe(headers['signature-input']);
    await expect(receive({ signatureInput: changed })).rejects.toMatchObject({ code: 'MALFORMED_MESSAGE' });
  });

  test('a life of more than 120 s', async () => {
    const longer = headers['signature-input'].replace(/expires=(\d+)/, (_, s: string) => `expires=${Number(s) + 1}`);
    await expect(receive({ signatureInput: longer })).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    const backwards = headers['signature-input'].replace(/expires=\d+/, 'expires=5');
    await expect(receive({ signatureInput: backwards })).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });

  test('another body than the one that was signed, and a digest by another algorithm', async () => {
    const posted = await signHttpRequest({ method: 'POST', url, signer, nowMs, body });
    const refused = (change: Partial<ReceivedHttpRequest>) => receive({ method: 'POST', body, ...change }, posted);
    await expect(refused({ body: utf8('a receipt.') })).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    await expect(refused({ body: undefined })).rejects.toMatchObject({ code: 'MALFORMED_MESSAGE' });
    await expect(refused({ contentDigest: undefined })).rejects.toMatchObject({ code: 'MALFORMED_MESSAGE' });
    await expect(
      refused({ contentDigest: posted['content-digest']?.replace('sha-256', 'sha-512') }),
    ).rejects.toMatchObject({ code: 'MALFORMED_MESSAGE' });
    const other = await signHttpRequest({ method: 'POST', url, signer, nowMs, body: utf8('another') });
    await expect(refused({ body: utf8('another'), contentDigest: other['content-digest'] })).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
  });

  test('every changed character of either header', async () => {
    const characters = fc.constantFrom(...'abcXYZ019"=;: ()+/,');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('signatureInput', 'signature'),
        fc.nat(400),
        characters,
        async (field, at, character) => {
          const text = field === 'signature' ? headers.signature : headers['signature-input'];
          const place = at % text.length;
          const changed = text.slice(0, place) + character + text.slice(place + 1);
          fc.pre(changed !== text);
          await expect(receive({ [field]: changed })).rejects.toMatchObject({ name: 'HandoverError' });
        },
      ),
      { numRuns: 300, seed: 9421 },
    );
  });
});
