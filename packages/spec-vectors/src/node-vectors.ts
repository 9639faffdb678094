import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSignRecord } from '@radledger/consensus';
import { encodeCanonical, toHex } from '@radledger/primitives';
import { createSignLog, openSignLog } from '@radledger/storage';
import { keyOf, signerOf } from './parties.js';
import { asJson, fill, type VectorCase, type VectorFile } from './vector-file.js';

export async function nodeVectors(): Promise<VectorFile[]> {
  return [
    { name: 'peer-protocol', spec: 'peer-protocol.md', cases: [...(await hellos()), ...envelopes()] },
    { name: 'sign-log', spec: 'storage.md', cases: [await signLog()] },
  ];
}

/** The network package gives its hello to sockets only, so these are made from the page; its tests hold the same example. */
async function hellos(): Promise<VectorCase[]> {
  const [chainId, sessionValue] = [fill(7), fill(9)];
  return Promise.all(
    [0, 1].map(async (role) => {
      const node = await signerOf(1);
      const signature = await node.sign(encodeCanonical(['radledger/peer/1', chainId, sessionValue, role]));
      const hello = encodeCanonical(['radledger/peer/1', chainId, role, [1, node.publicKey], [1, signature]]);
      return {
        name: `hello of role ${role}`,
        input: asJson({ nodeSeed: fill(1), chainId, sessionValue, role }),
        output: toHex(hello),
      };
    }),
  );
}

function envelopes(): VectorCase[] {
  const all = [
    { topic: 'ask', kind: 1, requestId: 300, payload: Uint8Array.of(1, 2) },
    { topic: 'transaction', kind: 0, requestId: 0, payload: fill(1, 256) },
    { topic: 'a'.repeat(32), kind: 2, requestId: 2 ** 32, payload: new Uint8Array() },
  ];
  return all.map((envelope) => ({
    name: `envelope of kind ${envelope.kind}`,
    input: asJson(envelope),
    output: toHex(encodeCanonical([envelope.topic, envelope.kind, envelope.requestId, envelope.payload])),
  }));
}

/** A log with two records, as the file holds it. */
async function signLog(): Promise<VectorCase> {
  const header = { nodeKey: await keyOf(1), createdAtMs: 1_700_000_000_000 };
  const records = [1, 2].map((view) =>
    encodeSignRecord({ kind: 1, epoch: 0, view, bytes: fill(view, 90), support: [] }),
  );
  const folder = await mkdtemp(join(tmpdir(), 'radledger-vectors-'));
  try {
    const path = join(folder, 'sign-log');
    await createSignLog(path, header);
    const log = await openSignLog(path, header);
    for (const record of records) await log.append(record);
    await log.close();
    return {
      name: 'two records',
      input: asJson({ ...header, records }),
      output: toHex(await readFile(path)),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
