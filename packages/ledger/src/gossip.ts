/** Transactions from and to peers. Spec: docs/spec/node-sync.md, section 2. */
import type { Network, PeerId } from '@radledger/network';
import type { Admission } from './admission.js';
import { LedgerError } from './errors.js';
import type { Mempool } from './mempool.js';
import { TOPICS } from './topics.js';

const PENALTY_BYTES = 50;
const PENALTY_SIGNATURE = 50;
/** An honest peer may pass on what a block just made void: it takes twenty such in a minute to be disconnected. */
const PENALTY_STATE = 5;
/** Given to a new peer: what waits here, oldest first, at most. */
const GREETING_MAX = 2_048;

export function createGossip(options: {
  readonly network: Network;
  readonly admission: Admission;
  readonly mempool: Mempool;
  readonly failed: (error: unknown) => void;
}): { send(bytes: Uint8Array): void; greet(peer: PeerId): void } {
  const { network, admission, mempool } = options;
  network.subscribe(TOPICS.transaction, async ({ peerId, bytes }) => {
    try {
      const { added } = await admission.admit(bytes, { waits: true });
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
        else if (info.permanent) network.penalise(peerId, PENALTY_STATE, info.rule);
      }
      return undefined;
    }
  });
  return {
    send: (bytes) => void network.broadcast(TOPICS.transaction, bytes),
    greet(peer) {
      for (const { signed } of mempool.all().slice(0, GREETING_MAX))
        network.send(peer, TOPICS.transaction, signed.bytes);
    },
  };
}
