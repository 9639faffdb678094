import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGatewayClient, createNodeClient } from '@radledger/client';
import { createNodes, type DevNodes, type DevProcess, proveKeys } from '@radledger/devnet';
import { createClaim, decodeInvitationLink, generateSealingKeyPair } from '@radledger/handover';
import { sampleInstance, testPacsConnector } from '@radledger/imaging/conformance';
import { importFileSet } from '@radledger/imaging';
import { spkiPinOf } from '@radledger/iti43';
import { retrieveDocuments } from '@radledger/iti43/client';
import { createSigner, randomBytes, sha256, type Signer, toHex, utf8 } from '@radledger/primitives';
import { generate } from 'selfsigned';
import { afterEach, expect, test, vi } from 'vitest';
import { connectorOf, startEmbeddedSource } from '../src/embedded-source.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const SOP_INSTANCE_UID = /2\.25\.\d+\.1\.\d+/;
const uidOf = (file: Uint8Array): string => SOP_INSTANCE_UID.exec(Buffer.from(file).toString('latin1'))?.[0] ?? '';

testPacsConnector({
  name: "the vendor's store",
  createArchive() {
    const archive = new Map<string, Map<string, Uint8Array>>();
    const put = (file: Uint8Array): void => {
      const uid = uidOf(file);
      const study = uid.split('.').slice(0, 3).join('.');
      archive.set(study, (archive.get(study) ?? new Map<string, Uint8Array>()).set(uid, file));
    };
    return Promise.resolve({
      connector: connectorOf(archive),
      refusesDuplicates: true,
      // As real archives do, it keeps what it had.
      store: (files) =>
        Promise.resolve(
          files
            .filter((file) => !archive.get(uidOf(file).split('.').slice(0, 3).join('.'))?.has(uidOf(file)))
            .forEach(put),
        ),
      replace: (_uid, file) => Promise.resolve(put(file)),
      dispose: () => Promise.resolve(),
    });
  },
});

test('it takes less than a hundred lines, and of ours imports two packages', async () => {
  const text = await readFile(new URL('../src/embedded-source.ts', import.meta.url), 'utf8');
  expect(text.split('\n').length).toBeLessThan(100);
  const ours = [...text.matchAll(/from '(@radledger\/[^']+)'/g)].map(([, name]) => name);
  expect([...new Set(ours)].sort()).toEqual([
    '@radledger/exchange/source',
    '@radledger/iti43',
    '@radledger/iti43/server',
  ]);
});

let folder: string | undefined;
let running: DevProcess | undefined;
let embedded: Awaited<ReturnType<typeof startEmbeddedSource>> | undefined;
afterEach(async () => {
  await embedded?.close();
  await running?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
  [embedded, running, folder] = [undefined, undefined, undefined];
});

/** Claims with a fresh owner key, as a patient's app does. */
async function claim(invitation: { readonly link: string; readonly code: string }, owner: Signer): Promise<void> {
  const sealingKeyPair = await generateSealingKeyPair();
  const { gatewayApi } = decodeInvitationLink(invitation.link);
  const bytes = await createClaim({
    invitation: decodeInvitationLink(invitation.link),
    code: invitation.code,
    owner,
    prekeys: [],
    sealingKey: sealingKeyPair.publicKey,
  });
  await createGatewayClient({ url: gatewayApi }).claim(bytes);
}

test('against a real node: defined, claimed, published, and fetched by the owner byte for byte', async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-embed-'));
  const signer = await createSigner(randomBytes(32));
  const net: DevNodes = await createNodes({ folder, firstSource: toHex(signer.publicKey), count: 1 });
  running = await net.start(0);
  const nodeUrl = net.nodes[0]?.api ?? '';
  const node = createNodeClient({ url: nodeUrl });
  const file = sampleInstance({
    studyInstanceUid: '2.25.77',
    seriesInstanceUid: '2.25.77.1',
    sopInstanceUid: '2.25.77.1.1',
  });
  const pem = await generate([{ name: 'commonName', value: 'pacs' }], { keyType: 'ec' });
  embedded = await startEmbeddedSource({
    archive: new Map([['2.25.77', new Map([['2.25.77.1.1', file]])]]),
    folder,
    nodeUrl,
    signer,
    boxKey: randomBytes(32),
    tls: { key: pem.private, cert: pem.cert },
  });
  const { source } = embedded;
  const { txId } = await source.directory.define({
    name: 'Vendor PACS',
    ...(await proveKeys(net, toHex(signer.publicKey))),
  });
  await node.waitForFinalized(txId);
  const owner = await createSigner(sha256(utf8('patient')));
  await claim(
    await source.invite({ studyInstanceUid: '2.25.77', label: 'X-ray, hand', identityCheckedBy: 'known' }),
    owner,
  );
  const studyId = await vi.waitFor(async () => {
    for await (const study of source.worklist())
      if (study.state === 'published') return study.studyId ?? new Uint8Array();
    throw new Error('not published yet');
  }, 60_000);

  const result = await retrieveDocuments({
    endpoint: source.endpointUrl,
    documents: [{ repositoryUniqueId: toHex(source.source), documentUniqueId: toHex(studyId) }],
    signer: owner,
    tls: { pins: [spkiPinOf(pem.cert)] },
    limits: { responseBytesMax: 1_000_000 },
  });
  for await (const { content } of result.documents) {
    const study = await importFileSet({ stream: content, quarantineFolder: join(folder, 'quarantine') });
    const chunks: Uint8Array[] = [];
    for await (const chunk of study.instances[0]?.open() ?? []) chunks.push(chunk.slice());
    expect(Buffer.concat(chunks)).toEqual(Buffer.from(file));
    await study.discard();
  }
  expect(result.errors).toEqual([]);
});
