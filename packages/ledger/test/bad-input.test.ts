import { createNetwork, type Network } from '@radledger/network';
import { concatBytes, createSigner, encodeCanonical, toHex } from '@radledger/primitives';
import { createTransaction, type SignedTransaction } from '@radledger/transactions';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LedgerError } from '../src/index.js';
import { topicsOf } from '../src/topics.js';
import { seedOf, type TestSource } from './support/keys.js';
import { finalizedAt, startNet, type TestNet, type TestNode } from './support/net.js';
import { solo } from './support/solo-module.js';
import { allowAccess, defineSource, defineStudy, idOf, ownerOf, revokeAccess } from './support/transactions.js';

// A net on a busy machine takes its time; what it waits for is an event, never a moment.
vi.setConfig({ testTimeout: 60_000 });

let net: TestNet;
let node: TestNode;
let source: TestSource;
let finalized: SignedTransaction;
let baseSize: number;

beforeAll(async () => {
  net = await startNet({ module: solo, size: 1 });
  node = net.nodes[0]!;
  source = net.sources[0]!;
  const owner = await ownerOf('anna');
  finalized = await defineSource(net.chainId, source);
  const study = await defineStudy(net.chainId, source, { study: 'mr', owner });
  const allow = await allowAccess(net.chainId, source, { study: 'mr', owner, tag: 'known', sequence: 5 });
  for (const { bytes, txId } of [finalized, study, allow]) {
    await node.ledger.submit(bytes);
    await finalizedAt(node.ledger, txId);
  }
  baseSize = node.ledger.status().finalized.height;
});
afterAll(() => net.close());

interface BadInput {
  readonly name: string;
  readonly make: () => Promise<Uint8Array>;
  readonly rule: string;
  readonly stage: 'bytes' | 'signature' | 'state';
  /** Whether a peer that sends it loses score: not when an honest one may be a block ahead. */
  readonly penalised?: boolean;
}

const valid = async (): Promise<SignedTransaction> =>
  allowAccess(net.chainId, source, { study: 'mr', owner: await ownerOf('anna'), tag: `t${Math.random()}` });

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = bytes.slice();
  const at = index < 0 ? bytes.length + index : index;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

/** Arrays in arrays: what a recursive reader would die of. */
function nested(depth: number): Uint8Array {
  return concatBytes(new Uint8Array(depth).fill(0x91), Uint8Array.of(0x01));
}

const cases: readonly BadInput[] = [
  { name: 'nothing', make: async () => new Uint8Array(0), rule: 'MALFORMED', stage: 'bytes' },
  { name: 'noise', make: async () => idOf('noise'), rule: 'MALFORMED', stage: 'bytes' },
  {
    name: 'a cut transaction',
    make: async () => (await valid()).bytes.slice(0, -1),
    rule: 'MALFORMED',
    stage: 'bytes',
  },
  {
    name: 'bytes behind a transaction',
    make: async () => concatBytes((await valid()).bytes, Uint8Array.of(0)),
    rule: 'MALFORMED',
    stage: 'bytes',
  },
  { name: 'too many bytes', make: async () => new Uint8Array(65_537), rule: 'TOO_LARGE', stage: 'bytes' },
  { name: 'deep nesting', make: async () => nested(60_000), rule: 'MALFORMED', stage: 'bytes' },
  {
    name: 'an over-long integer',
    // The format number 1 as uint8: the same value in a form that the canonical encoding does not know.
    make: async () => {
      const { bytes } = await valid();
      return concatBytes(bytes.slice(0, 2), Uint8Array.of(0xcc, 0x01), bytes.slice(3));
    },
    rule: 'MALFORMED',
    stage: 'bytes',
  },
  {
    name: 'another format',
    make: async () =>
      encodeCanonical([
        [2, 1, [1, idOf('k')], 1, new Uint8Array(8), []],
        [1, new Uint8Array(64)],
      ]),
    rule: 'UNKNOWN_FORMAT',
    stage: 'bytes',
  },
  {
    name: 'a false signature',
    make: async () => flipped((await valid()).bytes, -1),
    rule: 'SIGNATURE_INVALID',
    stage: 'signature',
  },
  {
    name: 'a changed payload',
    make: async () => {
      const { bytes, transaction } = await valid();
      const at = bytes.findIndex(
        (_, index) => toHex(bytes.slice(index, index + 32)) === toHex((transaction.payload as { tag: Uint8Array }).tag),
      );
      return flipped(bytes, at);
    },
    rule: 'SIGNATURE_INVALID',
    stage: 'signature',
  },
  {
    name: 'a transaction of another chain',
    make: async () =>
      (await allowAccess(idOf('other chain'), source, { study: 'mr', owner: await ownerOf('anna'), tag: 'f' })).bytes,
    rule: 'SIGNATURE_INVALID',
    stage: 'signature',
  },
  // The network drops bytes that it has carried before: in gossip a second copy is no offence.
  { name: 'a duplicate', make: async () => finalized.bytes, rule: 'REPLAYED', stage: 'state', penalised: false },
  {
    name: 'an expired transaction',
    make: async () =>
      (await allowAccess(net.chainId, source, { study: 'mr', owner: await ownerOf('anna'), tag: 'e', expiryHeight: 1 }))
        .bytes,
    rule: 'EXPIRED',
    stage: 'state',
    penalised: false,
  },
  {
    name: 'an expiry too far ahead',
    make: async () =>
      (
        await allowAccess(net.chainId, source, {
          study: 'mr',
          owner: await ownerOf('anna'),
          tag: 'e',
          expiryHeight: 9_999,
        })
      ).bytes,
    rule: 'EXPIRY_TOO_FAR',
    stage: 'state',
    penalised: false,
  },
  {
    name: "a stranger's grant",
    make: async () =>
      (await allowAccess(net.chainId, source, { study: 'mr', owner: await ownerOf('mallory'), tag: 's' })).bytes,
    rule: 'NOT_OWNER_OR_DELEGATE',
    stage: 'state',
    penalised: false,
  },
  {
    name: 'a sequence that is not higher',
    make: async () =>
      (
        await revokeAccess(net.chainId, source, {
          study: 'mr',
          owner: await ownerOf('anna'),
          tag: 'known',
          sequence: 5,
        })
      ).bytes,
    rule: 'SEQUENCE_NOT_HIGHER',
    stage: 'state',
    penalised: false,
  },
  {
    name: 'a study that exists',
    make: async () =>
      (await defineStudy(net.chainId, source, { study: 'mr', owner: await ownerOf('carla'), expiryHeight: 400 })).bytes,
    rule: 'STUDY_EXISTS',
    stage: 'state',
    penalised: false,
  },
  {
    name: 'an owner key of another study',
    make: async () =>
      (await defineStudy(net.chainId, source, { study: 'mr 2', owner: await ownerOf('anna'), expiryHeight: 400 }))
        .bytes,
    rule: 'OWNER_KEY_TAKEN',
    stage: 'state',
    penalised: false,
  },
];

describe('given to the node', () => {
  test.each(cases)('$name is refused with a code, and nothing is kept', async ({ make, rule, stage }) => {
    const refusal: unknown = await node.ledger.submit(await make()).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(LedgerError);
    expect((refusal as LedgerError).info).toMatchObject({ code: 'TRANSACTION_REFUSED', rule, stage });
    expect(node.ledger.pending()).toEqual([]);
    expect(node.ledger.status().finalized.height).toBe(baseSize);
  });
});

describe('sent by a peer', () => {
  let peer: Network;
  let peerId: string;
  let strangers = 0;

  /** Each case comes from a node of its own: points of one do not hide those of another. */
  async function connect(): Promise<void> {
    const nodeSigner = await createSigner(seedOf(`stranger ${strangers++}`));
    peerId = toHex(nodeSigner.publicKey);
    const arrived = new Promise<void>((resolve) => {
      const stop = node.network.on('peer', (info) => {
        if (info.peerId !== peerId) return;
        stop();
        resolve();
      });
    });
    peer = await createNetwork({
      chainId: net.chainId,
      nodeSigner,
      peers: [{ url: `wss://127.0.0.1:${node.network.address?.port}` }],
      topics: topicsOf(net.genesis.parameters),
      isKnownKey: () => true,
    });
    await arrived;
    if (peer.peers().length === 0) await new Promise<unknown>((resolve) => peer.on('peer', resolve));
  }

  test.each(cases.filter(({ rule }) => rule !== 'TOO_LARGE'))(
    '$name costs score, and nothing is kept',
    async ({ make, penalised = true }) => {
      await connect();
      try {
        const judged = new Promise<void>((resolve) => {
          const spy = vi.spyOn(node.network, 'penalise').mockImplementationOnce((...args) => {
            spy.mockRestore();
            node.network.penalise(...args);
            resolve();
          });
          if (!penalised) resolve();
        });
        peer.broadcast('transaction', await make());
        await judged;
        if (penalised) {
          const info = node.network.peers().find((candidate) => candidate.peerId === peerId);
          expect(info === undefined || info.penalty > 0).toBe(true);
        }
        expect(node.ledger.status().finalized.height).toBe(baseSize);
        expect(
          await node.ledger.read(async ({ state }) => (await state.scan(new Uint8Array(0))).length),
        ).toBeGreaterThan(0);
      } finally {
        vi.restoreAllMocks();
        await peer.close();
      }
    },
  );

  test('a peer that goes on with false signatures is disconnected; the node goes on', async () => {
    await connect();
    const gone = new Promise<string>((resolve) => {
      node.network.on('gone', (info, code) => {
        if (info.peerId === peerId) resolve(code);
      });
    });
    for (let index = 0; index < 3; index += 1) peer.broadcast('transaction', flipped((await valid()).bytes, -1));
    expect(await gone).toBeTruthy();
    await peer.close();
    const good = await valid();
    await node.ledger.submit(good.bytes);
    baseSize = await finalizedAt(node.ledger, good.txId);
  });
});

test('transactions that pass every check but one leave no trace of their ids', async () => {
  const stranger = await ownerOf('mallory');
  const bad = await createTransaction({
    chainId: net.chainId,
    kind: 'revoke-access',
    signer: stranger,
    expiryHeight: 0,
    payload: { source: source.signer.publicKey, studyId: idOf('mr'), tag: idOf('known'), sequence: 9 },
  });
  await node.ledger.submit(bad.bytes).catch(() => undefined);
  expect(await node.ledger.transactionStatus(bad.txId)).toMatchObject({
    status: 'refused',
    rule: 'NOT_OWNER_OR_DELEGATE',
  });
  const unsigned = flipped(bad.bytes, -1);
  await node.ledger.submit(unsigned).catch(() => undefined);
  // The refusal of the well-signed bytes stays: bytes that are not signed cannot speak for an id.
  expect(await node.ledger.transactionStatus(bad.txId)).toMatchObject({ rule: 'NOT_OWNER_OR_DELEGATE' });
});
