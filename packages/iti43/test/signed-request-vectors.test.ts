/** The twenty vectors of tests/data/iti43/signed-request-vectors, signed by the JDK; judgements of docs/spec/iti-43.md. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Iti43Error } from '../src/index.js';
import { readSignedRequest } from '../src/server/index.js';
import { rfc8032 } from './support/keys.js';
import { testData, testDataPath } from './support/test-data.js';

const folder = 'signed-request-vectors';
const endpointUrl = 'https://source.example.org/xds/iti43';
const repositoryUniqueId = rfc8032.test3.publicKey;
const messageId = 'urn:uuid:5a1f2b6e-0d3c-4c58-9a7e-3f1c0e9d2b11';
const documentUniqueId = 'ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk';

function judge(name: string, now = '2026-01-01T00:01:00Z') {
  return readSignedRequest(testData(`${folder}/${name}.xml`), { endpointUrl, repositoryUniqueId, now: new Date(now) });
}

const accepted = [
  ['good-01', rfc8032.test1.publicKey],
  ['good-02-odd-serialisation', rfc8032.test1.publicKey],
  // Rightly signed, by another key: the grant check refuses it.
  ['bad-13-other-signer', rfc8032.test2.publicKey],
] as const;

const refused: readonly (readonly [string, object])[] = [
  ['bad-01-body-changed', { code: 'SIGNATURE_INVALID' }],
  ['bad-02-to-changed', { code: 'SIGNATURE_INVALID' }],
  ['bad-03-xsw-signed-body-moved-to-header', { code: 'SIGNATURE_STRUCTURE', rule: 'one-of-each' }],
  ['bad-04-xsw-duplicate-id', { code: 'SIGNATURE_STRUCTURE', rule: 'one-of-each' }],
  ['bad-07-body-not-referenced', { code: 'PART_NOT_SIGNED', signedPart: 'Body' }],
  ['bad-08-action-not-referenced', { code: 'PART_NOT_SIGNED', signedPart: 'Action' }],
  [
    'bad-10-signature-algorithm-relabelled-ed25519ph',
    { code: 'ALGORITHM_REFUSED', algorithm: 'http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519ph' },
  ],
  ['bad-11-comment-in-digestvalue', { code: 'SIGNATURE_STRUCTURE', rule: 'comment' }],
  ['bad-12-two-signedinfo', { code: 'SIGNATURE_STRUCTURE', rule: 'one-of-each' }],
  ['bad-14-keyinfo-of-other-signer', { code: 'SIGNATURE_INVALID' }],
  ['bad-15-expired', { code: 'MESSAGE_EXPIRED' }],
  ['bad-16-signed-for-another-endpoint', { code: 'WRONG_ENDPOINT' }],
  ['bad-17-doctype-entity', { code: 'DOCTYPE_REFUSED' }],
  ['bad-18-malleated-s-plus-l', { code: 'SIGNATURE_INVALID' }],
  ['bad-19-signature-truncated', { code: 'SIGNATURE_STRUCTURE', rule: 'signature-value' }],
  ['bad-22-unsigned', { code: 'SIGNATURE_MISSING' }],
  [
    'bad-24-repository-not-this-server',
    {
      code: 'UNKNOWN_REPOSITORY',
      signer: rfc8032.test1.publicKey,
      messageId,
      documents: [{ repositoryUniqueId: expect.stringMatching(/^(?!fc51)/), documentUniqueId }],
    },
  ],
];

test('every vector has a judgement', () => {
  const judged = [...accepted, ...refused].map(([name]) => `${name}.xml`);
  expect(judged.sort()).toEqual(readdirSync(testDataPath(folder)).sort());
});

test.each(accepted)('%s: accepted', async (name, signer) => {
  expect(await judge(name)).toEqual({ signer, messageId, documents: [{ repositoryUniqueId, documentUniqueId }] });
});

test.each(refused)('%s: refused', async (name, info) => {
  const error = await judge(name).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Iti43Error);
  expect((error as Iti43Error).info).toEqual(info);
});

describe('time: Created 00:00:00, Expires 00:05:00, clocks five minutes apart at most', () => {
  test.each([
    ['2025-12-31T23:54:59.999Z', 'TIMESTAMP_REFUSED'],
    ['2025-12-31T23:55:00.000Z', undefined],
    ['2026-01-01T00:09:59.999Z', undefined],
    ['2026-01-01T00:10:00.000Z', 'MESSAGE_EXPIRED'],
  ])('%s', async (now, code) => {
    expect(
      await judge('good-01', now).then(
        () => undefined,
        (error: Iti43Error) => error.code,
      ),
    ).toBe(code);
  });
});
