/** Transactions from and to peers. Spec: docs/spec/node-sync.md, section 2. */
import type { TransactionRefusalCode } from '@radledger/chain';
import type { Network, PeerId } from '@radledger/network';
import type { Admission } from './admission.js';
import { LedgerError } from './errors.js';
import type { Mempool } from './mempool.js';
import { TOPICS } from './topics.js';

const PENALTY_BYTES = 50;
const PENALTY_SIGNATURE = 50;
const PENALTY_EVIDENCE = 25;
const PENALTY_STATE = 5;
/**
 * Refusals by the state that no honest peer can cause, however old its view: they follow from genesis alone. All others come
 * about when a peer was away, or when two blocks cross.
 */
const NEVER_HONEST: ReadonlySet<string> = new Set<TransactionRefusalCode>([
  'GENESIS_KEYS_DIFFER',
  'ADMISSION_REQUIRED',
  'ADMISSION_NOT_ALLOWED',
  'AUTHORITY_UNKNOWN',
]);
/** Given to a new peer: what waits here, oldest first, at most. */
const GREETING_MAX = 2_048;
const GREETING_BYTES_MAX = 4 * 1024 * 1024;

export interface Gossip {
  send(bytes: Uint8Array): void;
  /** A peer told what it has finalized. It is sent what waits here once this node has finalized as much: what is finalized
   *  there may wait here, after a time apart. */
  announced(peer: PeerId, height: number): void;
  /** This node has finalized a block. */
  finalized(height: number): void;
  gone(peer: PeerId): void;
}

export function createGossip(options: {
  readonly network: Network;
  readonly admission: Admission;
  readonly mempool: Mempool;
  /** Newest height that is finalized here. */
  readonly height: () => number;
  readonly failed: (error: unknown) => void;
}): Gossip {
  const { network, admission, mempool } = options;
  /** Peers that were sent what waits, and the heights of those that will be. */
  const greeted = new Set<PeerId>();
  const ahead = new Map<PeerId, number>();

  function greet(peer: PeerId): void {
    greeted.add(peer);
    ahead.delete(peer);
    let bytes = 0;
    for (const { signed } of mempool.all().slice(0, GREETING_MAX)) {
      bytes += signed.bytes.length;
      if (bytes > GREETING_BYTES_MAX) return;
      network.send(peer, TOPICS.transaction, signed.bytes);
    }
  }

  network.subscribe(TOPICS.transaction, async ({ peerId, bytes }) => {
    try {
      const { added } = await admission.admit(bytes, { waits: true, sender: peerId });
      return added ? 'relay' : undefined;
    } catch (error) {
      if (!(error instanceof LedgerError)) {
        options.failed(error);
        return undefined;
      }
      const { info } = error;
      if (info.code === 'TRANSACTION_REFUSED') {
        if (info.stage === 'bytes') network.penalise(peerId, PENALTY_BYTES, info.rule);
        else if (info.stage === 'signature') network.penalise(peerId, PENALTY_SIGNATURE, info.rule);
        // Evidence is judged from its bytes and a finalized epoch: who relays it has found it to hold.
        else if (info.rule === 'EVIDENCE_INVALID') network.penalise(peerId, PENALTY_EVIDENCE, info.rule);
        else if (NEVER_HONEST.has(info.rule)) network.penalise(peerId, PENALTY_STATE, info.rule);
        return undefined;
      }
      // Bytes that were not judged, or had no room, may come again.
      return 'forget';
    }
  });
  return {
    send: (bytes) => void network.broadcast(TOPICS.transaction, bytes),
    announced(peer, height) {
      if (greeted.has(peer)) return;
      if (height <= options.height()) greet(peer);
      else ahead.set(peer, Math.max(height, ahead.get(peer) ?? 0));
    },
    finalized(height) {
      for (const [peer, theirs] of ahead) if (theirs <= height) greet(peer);
    },
    gone(peer) {
      greeted.delete(peer);
      ahead.delete(peer);
    },
  };
}
