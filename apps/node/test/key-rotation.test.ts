import { readFile } from 'node:fs/promises';
import { chainIdOf } from '@radledger/chain';
import { createSigner, decodePrivateKeyPem, fromHex, toHex } from '@radledger/primitives';
import { createTransaction, type PayloadOf, signKeyProof, type TransactionKind } from '@radledger/transactions';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { apiOf, end, heightReached, netForTest, type ProcessNode, runCommand, statusOf } from './support/processes.js';

// The steps of docs/guides/integrators-node.md, section 5.
test('an operator changes the keys of a voter: it votes with the old ones up to the edge, with the new ones after, and after a restart', async () => {
  const own = await netForTest(4, { targetIntervalMs: 150, epochHeights: 8 });
  const chainId = chainIdOf(own.genesis);
  for (const node of own.nodes) await own.start(node);
  const [first, second, , last] = own.nodes as readonly [ProcessNode, ProcessNode, ProcessNode, ProcessNode];
  const source = last.source.publicKey;
  const send = async <K extends TransactionKind>(kind: K, payload: PayloadOf<K>): Promise<void> => {
    const { bytes, txId } = await createTransaction({ chainId, kind, signer: last.source, expiryHeight: 400, payload });
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await fetch(`${apiOf(first)}/v1/transactions`, {
      method: 'POST',
      headers,
      body: Uint8Array.from(bytes),
    });
    expect(response.status, await response.text()).toBe(202);
    const isFinal = async (): Promise<boolean> => {
      const status = await fetch(`${apiOf(first)}/v1/transactions/${toHex(txId)}`);
      return ((await status.json()) as { status: string }).status === 'finalized';
    };
    for (let height = (await statusOf(apiOf(first))).height + 1; !(await isFinal()); height++) {
      await heightReached(apiOf(first), height);
    }
  };

  const rotated = await Promise.all(
    (['node', 'vrf'] as const).map(async (role) => {
      const { stdout, stderr } = await runCommand([
        ...['rotate', '--folder', last.folder, '--role', role, '--genesis', own.genesisFile, '--source', toHex(source)],
      ]);
      expect(stderr).toBe('');
      return JSON.parse(stdout) as { role: 'node' | 'vrf'; newKey: string; proof: string };
    }),
  );
  const [newKey, newVrfKey] = (['node', 'vrf'] as const).map(
    (role) => rotated.find((made) => made.role === role)?.newKey,
  );
  await end(last, 'SIGTERM');
  await own.start(last);
  expect(await statusOf(apiOf(last))).toMatchObject({ nodeKey: last.keys.nodeKey, vrfKey: last.keys.vrfKey });

  const keyIn = async (file: string) =>
    createSigner(decodePrivateKeyPem(await readFile(join(last.folder, file), 'utf8')));
  await send('define-source', {
    source,
    name: 'Rotating hospital',
    baseUrl: 'https://rotating.example',
    tlsPins: [new Uint8Array(32).fill(1)],
    nodeKey: fromHex(last.keys.nodeKey),
    nodeKeyProof: await signKeyProof({ chainId, source, role: 'node', key: await keyIn('node.pem') }),
    vrfKey: fromHex(last.keys.vrfKey),
    vrfKeyProof: await signKeyProof({ chainId, source, role: 'vrf', key: await keyIn('vrf.pem') }),
    admission: undefined,
  });
  await end(last, 'SIGTERM');
  const finish = ['finish-rotation', '--folder', last.folder, '--genesis', own.genesisFile, '--source', toHex(source)];
  expect((await runCommand(finish)).stderr).toContain('no epoch of this node names it yet');
  await own.start(last);
  for (const { role, newKey: key, proof } of rotated) {
    await send('rotate-key', { source, role, newKey: fromHex(key), proof: fromHex(proof) });
  }
  for (
    let height = (await statusOf(apiOf(last))).height + 1;
    (await statusOf(apiOf(last))).vrfKey !== newVrfKey;
    height++
  ) {
    await heightReached(apiOf(last), height);
  }
  expect((await statusOf(apiOf(last))).voting.allowed).toBe(true);

  await end(last, 'SIGTERM');
  const { code, stdout } = await runCommand(finish);
  expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({
    code: 0,
    replaced: [expect.stringContaining('node.pem'), expect.stringContaining('vrf.pem')],
    waiting: [],
  });
  await own.start(last);
  expect((await statusOf(apiOf(last))).nodeKey).toBe(newKey);
  // Three of four are a quorum only with the one that changed its keys.
  await end(second, 'SIGTERM');
  const { height } = await statusOf(apiOf(first));
  await heightReached(apiOf(first), height + 10);
}, 90_000);
