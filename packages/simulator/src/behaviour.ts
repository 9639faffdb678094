import type { Prng } from './prng.js';
import type { SimGenesis } from './sim-chain.js';
import type { SimNode } from './sim-node.js';

/** What a liar does with what its honest half would send. One behaviour a file. */
export interface Behaviour {
  readonly name: string;
  /** Something of this node would go out to these nodes. @returns true when the behaviour has dealt with it */
  outgoing?(puppet: Puppet, to: readonly number[], bytes: Uint8Array): boolean;
  /** Something came in. @returns true when the honest half shall not hear of it */
  incoming?(puppet: Puppet, from: number, bytes: Uint8Array): boolean | undefined;
}

/** A liar's hands: its key, its links, its dice. */
export interface Puppet {
  readonly node: SimNode;
  readonly prng: Prng;
  readonly peers: readonly number[];
  readonly genesis: SimGenesis;
  /** Sends as this node, unchecked. */
  say(to: number, bytes: Uint8Array): void;
  /** Sends later, in virtual time. */
  sayLater(delayMs: number, to: number, bytes: Uint8Array): void;
  /** Signs anything with this node's key. */
  sign(bytes: Uint8Array): Uint8Array;
}
