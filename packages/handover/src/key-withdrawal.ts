/**
 * A recipient's word that nobody shall be served under its key any more. It never ends, so it can be made with the key and kept for the
 * day when the key is lost. Spec: docs/spec/links.md, section 14.
 */
import { encodeWith, equalBytes, type Signer, struct, verifyFast } from '@radledger/primitives';
import { HandoverError } from './errors.js';
import { decodeMessage, format, id32, key, signature, signedBytes } from './wire.js';

const TAG = 'radledger/withdraw-key/1';
/** Longest statement, in bytes. */
export const KEY_WITHDRAWAL_BYTES_MAX = 256;

const bodySchema = struct({ format, chainId: id32, key });
const schema = struct({ body: bodySchema, signature });

export interface KeyWithdrawal {
  /** The key that is withdrawn, 32 bytes; it signed. */
  readonly key: Uint8Array;
}

export async function createKeyWithdrawal(input: {
  readonly chainId: Uint8Array;
  readonly signer: Signer;
}): Promise<Uint8Array> {
  const { chainId, signer } = input;
  const body = { format: 1, chainId, key: signer.publicKey } as const;
  return encodeWith(schema, { body, signature: await signer.sign(signedBytes(TAG, chainId, bodySchema, body)) });
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` | `NOT_FOR_US` for another chain | `SIGNATURE_INVALID` */
export async function openKeyWithdrawal(
  encoded: Uint8Array,
  expected: { readonly chainId: Uint8Array },
): Promise<KeyWithdrawal> {
  const { body, signature: signed } = decodeMessage(schema, encoded, 'key withdrawal', KEY_WITHDRAWAL_BYTES_MAX);
  if (!equalBytes(body.chainId, expected.chainId)) {
    throw new HandoverError({ code: 'NOT_FOR_US', field: 'chainId' }, 'the withdrawal names another chainId');
  }
  if (!(await verifyFast(body.key, signedBytes(TAG, body.chainId, bodySchema, body), signed))) {
    throw new HandoverError(
      { code: 'SIGNATURE_INVALID', field: 'signature' },
      'the withdrawal is not signed by the key it names',
    );
  }
  return { key: body.key };
}
