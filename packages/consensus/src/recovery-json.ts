/** Recoveries as people hand them on. Spec: docs/spec/halt-and-recovery.md, section 4. */
import { JsonFields } from '@radledger/chain';
import { equalBytes, toHex } from '@radledger/primitives';
import { ConsensusError } from './errors.js';
import { KEYS_MAX, POSITIONS_MAX, type SignedRecovery } from './recovery.js';

/** Bytes as lower-case hex. */
export interface RecoveryJson {
  readonly format: 1;
  readonly chainId: string;
  readonly height: number;
  readonly blockId: string;
  readonly leftOut: readonly string[];
  readonly nonce: string;
  readonly keySignatures: readonly { readonly position: number; readonly signature: string }[];
  readonly voterSignatures: readonly { readonly nodeKey: string; readonly signature: string }[];
}

const MEMBERS = ['format', 'chainId', 'height', 'blockId', 'leftOut', 'nonce', 'keySignatures', 'voterSignatures'];

export function recoveryToJson(chainId: Uint8Array, recovery: SignedRecovery): RecoveryJson {
  const { height, blockId, leftOut, nonce, keySignatures, voterSignatures } = recovery;
  return {
    format: 1,
    chainId: toHex(chainId),
    height,
    blockId: toHex(blockId),
    leftOut: leftOut.map(toHex),
    nonce: toHex(nonce),
    keySignatures: keySignatures.map(([position, signature]) => ({ position, signature: toHex(signature) })),
    voterSignatures: voterSignatures.map(([key, signature]) => ({ nodeKey: toHex(key), signature: toHex(signature) })),
  };
}

/**
 * Reads a recovery file: every member named, no other. Who signed it is for `recoveryClaims` to judge.
 * @throws {ChainError} `MALFORMED`
 * @throws {ConsensusError} `MALFORMED_RECOVERY` for one of another chain
 */
export function recoveryFromJson(json: unknown, chainId: Uint8Array): SignedRecovery {
  const fields = new JsonFields('recovery', json).only(MEMBERS);
  fields.number('format', 1);
  const named = fields.hex('chainId', 32);
  if (!equalBytes(named, chainId)) {
    const message = `expected a recovery of chain ${toHex(chainId)}, not of ${toHex(named)}`;
    throw new ConsensusError({ code: 'MALFORMED_RECOVERY' }, message);
  }
  return {
    height: fields.integer('height'),
    blockId: fields.hex('blockId', 32),
    leftOut: fields.hexList('leftOut', KEYS_MAX, 32),
    nonce: fields.hex('nonce', 8),
    keySignatures: fields.list('keySignatures', POSITIONS_MAX, (item, path) => {
      const signed = new JsonFields('recovery', item, path).only(['position', 'signature']);
      return [signed.integer('position'), signed.hex('signature', 64)] as const;
    }),
    voterSignatures: fields.list('voterSignatures', KEYS_MAX, (item, path) => {
      const signed = new JsonFields('recovery', item, path).only(['nodeKey', 'signature']);
      return [signed.hex('nodeKey', 32), signed.hex('signature', 64)] as const;
    }),
  };
}
