import { cellKey, decodeAttestedCell } from '@radledger/chain';
import { createCellReader, createNodeClient } from '@radledger/client';
import { createFakeNode, type FakeNode } from '@radledger/client/testing';
import { createSigner, encodePrivateKeyPem, generateSeed, type Signer, toHex } from '@radledger/primitives';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFolder, runCli, serve } from './cli-fixture.js';

let node: FakeNode;
let server: Awaited<ReturnType<typeof serve>>;
let folder: Awaited<ReturnType<typeof createFolder>>;
let payer: { file: string; signer: Signer };

const keyFile = async (name: string) => {
  const seed = generateSeed();
  return { file: await folder.file(`${name}.pem`, encodePrivateKeyPem(seed)), signer: await createSigner(seed) };
};

beforeAll(async () => {
  folder = await createFolder();
  payer = await keyFile('payer');
  const [source, nodeKey, vrfKey] = (await Promise.all(['a', 'b', 'c'].map(keyFile))).map(
    ({ signer }) => signer.publicKey,
  ) as [Uint8Array, Uint8Array, Uint8Array];
  node = await createFakeNode({ sources: [{ source, nodeKey, vrfKey }], authorities: [payer.signer.publicKey] });
  server = await serve(node.fetch);
});
afterAll(async () => {
  await server.close();
  await folder.close();
});

const call = (args: readonly string[]) => runCli([...args, '--node', server.url, '--json']);

test('a source comes in on the word of an authority, which then vouches for its studies', async () => {
  const [source, nodeKey, vrfKey, stranger] = (await Promise.all(
    ['source', 'node', 'vrf', 'stranger'].map(keyFile),
  )) as [typeof payer, typeof payer, typeof payer, typeof payer];
  const id = source.signer.publicKey;
  const define = () =>
    call([
      ...[
        'source',
        'define',
        '--name',
        'City Hospital',
        '--base-url',
        'https://gw.example',
        '--tls-pin',
        'cd'.repeat(32),
      ],
      ...['--key', source.file, '--node-key', nodeKey.file, '--vrf-key', vrfKey.file],
    ]);
  const early = await define();
  expect(early.exitCode).toBe(3);
  expect(early.json.error).toMatchObject({ code: 'ADMISSION_UNATTESTED' });
  const admit = (key: string) => call(['authority', 'admit', toHex(id), '--key', key, '--until-height', '500']);
  expect((await admit(stranger.file)).json.error).toMatchObject({ code: 'AUTHORITY_UNKNOWN' });
  const admitted = await admit(payer.file);
  expect(admitted.json.result, admitted.stderr).toMatchObject({ source: toHex(id) });
  const defined = await define();
  expect(defined.json.result, defined.stderr).toMatchObject({ source: toHex(id) });
  const vouched = await call(['authority', 'vouch', toHex(id), '--key', payer.file, '--studies', '9000']);
  expect(vouched.json.result, vouched.stderr).toMatchObject({ source: toHex(id) });
  const ledger = createNodeClient({ url: 'http://node.test', fetch: node.fetch });
  const [cell] = await createCellReader(ledger).read([cellKey.attested(id)], new AbortController().signal);
  expect(decodeAttestedCell(cell as Uint8Array)).toEqual({
    admitUntilHeight: 500,
    maxima: [{ period: 0, authority: 0, countMax: 9_000 }],
  });
});

test('a number that is none is refused before anything is read', async () => {
  const done = await call(['authority', 'vouch', 'ab'.repeat(32), '--key', payer.file, '--studies', '-1']);
  expect(done.exitCode).toBe(2);
});
