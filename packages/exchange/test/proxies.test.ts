/** Whose address counts, and is recorded, when a proxy stands in front. */
import { toHex } from '@radledger/primitives';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDicomwebHandler, createIti43Handler } from '../src/http/index.js';
import { post, signedMessage } from './test-consumer.js';
import { TestHospital } from './test-hospital.js';
import { signerOf } from './test-ledger.js';
import { send, signed } from './test-viewer.js';

const STUDY = '0'.repeat(64);

let hospital: TestHospital;
beforeEach(async () => {
  hospital = await TestHospital.open();
});
afterEach(async () => {
  await hospital.close();
});

function mountBehind(trustedProxies: number): void {
  const { source } = hospital;
  const dicomweb = createDicomwebHandler({
    source,
    trustedProxies,
    otherPaths: (_request, response) => void response.writeHead(404).end(),
  });
  hospital.listener.mount(createIti43Handler({ source, trustedProxies, otherPaths: dicomweb }));
}

/** Asks in vain over both protocols with this header; gives the networks that were recorded. */
async function recordedFor(forwarded: string): Promise<(string | undefined)[]> {
  const before = hospital.audited.length;
  const headers = { 'x-forwarded-for': forwarded };
  const stranger = await signerOf('stranger');
  await post(hospital, await signedMessage(hospital, stranger, STUDY), headers);
  const path = `/dicom-web/studies/${STUDY}`;
  expect((await send(hospital, path, { ...headers, ...(await signed(hospital, stranger, path)) })).status).toBe(404);
  return hospital.audited.slice(before).map(({ peerAddress }) => peerAddress);
}

// Regression: the audit named the proxy, and all who came through it shared one limit of misses.
test('a proxy that is trusted says whose request it is; what anybody else says counts for nothing', async () => {
  mountBehind(0);
  expect(await recordedFor('203.0.113.7')).toEqual(['127.0.0.0', '127.0.0.0']);
  mountBehind(1);
  expect(await recordedFor('198.51.100.1, 203.0.113.7')).toEqual(['203.0.113.0', '203.0.113.0']);
  expect(await recordedFor('unknown')).toEqual(['127.0.0.0', '127.0.0.0']);
});

test('of whoever is refused only the network is recorded: it may be a patient whose access has ended', async () => {
  mountBehind(1);
  const networks: Readonly<Record<string, string>> = {
    '2001:db8:1:2::7': '2001:db8:1::',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1::',
    '2001:db8::7': '2001:db8::',
    '::1': '::',
    '::ffff:198.51.100.9': '198.51.100.0',
  };
  for (const [address, network] of Object.entries(networks)) {
    expect(await recordedFor(address)).toEqual([network, network]);
  }
});

test('misses are counted for the address that the proxy names', async () => {
  await hospital.source.close();
  await hospital.openSource({ missesPerMinute: 100 }); // a twentieth of them for one address
  mountBehind(1);
  const codeFor = async (reader: string, forwarded: string): Promise<string | undefined> => {
    const envelope = await signedMessage(hospital, await signerOf(reader), toHex(new Uint8Array(32)));
    const { body } = await post(hospital, envelope, { 'x-forwarded-for': forwarded });
    return /errorCode="([^"]+)"/.exec(body)?.[1];
  };
  for (let index = 0; index < 5; index += 1) {
    expect(await codeFor(`stranger ${index}`, '203.0.113.7')).toBe('XDSDocumentUniqueIdError');
  }
  expect(await codeFor('one more', '203.0.113.7')).toBe('XDSRepositoryBusy');
  expect(await codeFor('one more', '203.0.113.8')).toBe('XDSDocumentUniqueIdError');
});
