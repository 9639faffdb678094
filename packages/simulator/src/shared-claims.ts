/** Signatures of a message are looked at once for all nodes: with a hundred of them, nothing else would be done. */
import type { ConsensusModule, EpochContext, MessageClaims } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import type { SimCrypto } from './sim-crypto.js';

interface Known {
  /** Contexts that the answer rests on, as they were. */
  readonly contexts: readonly (readonly [epoch: number, context: EpochContext | undefined])[];
  readonly found: MessageClaims;
}

/**
 * The same module, but for `claims`: equal bytes under equal contexts are judged once, and claims that hold are not claimed
 * again. As `claims` is pure, no node does anything else than without.
 */
export function sharedClaims(module: ConsensusModule, crypto: SimCrypto): ConsensusModule {
  const answers = new WeakMap<Uint8Array, Known>();
  const claims: ConsensusModule['claims'] = (bytes, lookup) => {
    const known = answers.get(bytes);
    if (known?.contexts.every(([epoch, context]) => isSame(context, lookup.epoch(epoch)))) return known.found;
    const contexts: [number, EpochContext | undefined][] = [];
    const epoch = (number: number): EpochContext | undefined => {
      const context = lookup.epoch(number);
      contexts.push([number, context]);
      return context;
    };
    const judged = module.claims(bytes, { ...lookup, epoch });
    const holds = judged.claims !== undefined && crypto.verifyClaims(judged.claims);
    const found = { epoch: judged.epoch, claims: holds ? [] : judged.claims };
    answers.set(bytes, { contexts, found });
    return found;
  };
  return new Proxy(module, {
    get(target, name) {
      const value: unknown = name === 'claims' ? claims : Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function isSame(a: EpochContext | undefined, b: EpochContext | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return equalBytes(a.committeeRoot, b.committeeRoot) && equalBytes(a.seed, b.seed);
}
