import { simplex } from '@radledger/consensus-simplex';
import { decodeCanonical, toHex } from '@radledger/primitives';
import { afterEach, expect, test } from 'vitest';
import { heightReached, nextEvent, type NodeParts, startNet, type TestNet } from './support/net.js';

let net: TestNet | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

const CRASHES = 100;

class Crash extends Error {}

/** Stops a node at its n-th contact with disk or network, before or after the contact took effect. */
class KillSwitch {
  private left = Number.POSITIVE_INFINITY;
  private dead = false;
  where = '';

  arm(contacts: number): void {
    this.left = contacts;
  }

  reset(): void {
    this.left = Number.POSITIVE_INFINITY;
    this.dead = false;
  }

  private point(name: string): void {
    if (!this.dead && --this.left === 0) {
      this.dead = true;
      this.where = name;
    }
    if (this.dead) throw new Crash(name);
  }

  async around<T>(name: string, run: () => Promise<T>): Promise<T> {
    this.point(`before ${name}`);
    const result = await run();
    this.point(`after ${name}`);
    return result;
  }

  aroundNow<T>(name: string, run: () => T): T {
    this.point(`before ${name}`);
    const result = run();
    this.point(`after ${name}`);
    return result;
  }
}

/** Everything that one key ever signed as votes: what two signatures of it may never exclude. */
class SignatureBook {
  private readonly statements = new Map<string, string>();

  /** Bytes of docs/spec/simplex.md, section 2: [tag, chain id, epoch, committee root, [kind, view, ...]]. */
  record(signed: Uint8Array): void {
    const value = decodeCanonical(signed, { bytesMax: 4_096 });
    if (!Array.isArray(value) || value[0] !== 'radledger/simplex/1') return;
    const [, , epoch, , vote] = value as [string, Uint8Array, number, Uint8Array, [number, number]];
    const [kind, view] = vote;
    this.once(`${epoch}/${view}/${kind}`, toHex(signed), kind !== 2);
    // A node that gave a view up (2) never finalizes (3) in it, and the other way round.
    if (kind === 2 || kind === 3) this.once(`${epoch}/${view}/end`, String(kind), true);
  }

  private once(key: string, statement: string, exclusive: boolean): void {
    const before = this.statements.get(key);
    if (exclusive && before !== undefined && before !== statement) throw new Error(`conflicting signatures: ${key}`);
    this.statements.set(key, statement);
  }
}

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

// Goal: whatever the moment of a crash, the node comes back whole. Method: one of four nodes is stopped at 100 seeded contacts with
// store, sign-log and network while the others go on; each time it must reopen, agree, vote again, and never contradict itself.
test(`${CRASHES} seeded kill points: nothing finalized is lost, no conflicting vote`, async () => {
  const kill = new KillSwitch();
  const book = new SignatureBook();
  const draw = random(20_261_123);
  const finalizedIds = new Map<number, string>();
  const tap = (index: number, { store, signLog, signer, network }: NodeParts): void => {
    if (index !== 0) return;
    const commit = store.commit.bind(store);
    store.commit = (finalized) => {
      const { header, id } = finalized.block;
      return kill.around('commit', async () => {
        await commit(finalized);
        finalizedIds.set(header.height, toHex(id));
      });
    };
    const append = signLog.append.bind(signLog);
    signLog.append = (record) => kill.around('append', () => append(record));
    const sign = signer.sign;
    signer.sign = async (bytes) => {
      book.record(bytes);
      return sign(bytes);
    };
    // The network is made later; its sends are tapped when the first signature leaves.
    const tapped = new WeakSet<object>();
    const signTapped = signer.sign;
    signer.sign = async (bytes) => {
      const made = network();
      if (made && !tapped.has(made)) {
        tapped.add(made);
        const broadcast = made.broadcast.bind(made);
        made.broadcast = (topic, payload) =>
          topic === 'consensus'
            ? kill.aroundNow('broadcast', () => broadcast(topic, payload))
            : broadcast(topic, payload);
      }
      return signTapped(bytes);
    };
  };
  net = await startNet({ module: simplex, parameters: { targetIntervalMs: 20, assumedDelayMs: 100 }, tap });
  const [node, witness] = net.nodes;
  if (!node || !witness) throw new Error('expected four nodes');
  await heightReached(node.ledger, 2);

  const places = new Set<string>();
  for (let crash = 0; crash < CRASHES; crash += 1) {
    const before = node.ledger.status().finalized.height;
    const failed = nextEvent(node.ledger, 'failed');
    kill.arm(1 + Math.floor(draw() * 12));
    expect((await failed).error).toBeInstanceOf(Crash);
    places.add(kill.where);
    await node.stop();
    kill.reset();
    await node.restart();

    const { height, stateRoot, id } = node.ledger.status().finalized;
    expect(height).toBeGreaterThanOrEqual(before);
    expect(Math.max(...finalizedIds.keys())).toBeLessThanOrEqual(height);
    if (finalizedIds.has(height)) expect(toHex(id)).toBe(finalizedIds.get(height));
    const root = await node.ledger.read(async (view) => toHex(view.header.stateRoot));
    expect(root).toBe(toHex(stateRoot));
    await heightReached(node.ledger, height + 1);
  }
  expect([...places].sort()).toEqual([
    'after append',
    'after broadcast',
    'after commit',
    'before append',
    'before broadcast',
    'before commit',
  ]);
  const { height } = node.ledger.status().finalized;
  await heightReached(witness.ledger, height);
  const ids = async (ledger: typeof node.ledger): Promise<string[]> => {
    const all: string[] = [];
    for (let from = 0; from <= height; from += 1_000) {
      const entries = await ledger.headers({ from, limit: Math.min(1_000, height + 1 - from) });
      all.push(...entries.map((entry) => toHex(entry.id)));
    }
    return all;
  };
  expect(await ids(node.ledger)).toEqual(await ids(witness.ledger));
}, 180_000);
