/** The hello of each side: who it is, proven for this TLS session alone. Spec: docs/spec/peer-protocol.md, section 2. */
import type { TLSSocket } from 'node:tls';
import {
  algorithmBytes,
  bytes,
  decodeWith,
  encodeCanonical,
  encodeWith,
  equalBytes,
  isStrictPublicKey,
  literal,
  type Signer,
  struct,
  uint,
  verifyFast,
} from '@radledger/primitives';
import type { RefusalCode } from './close-codes.js';

const TAG = 'radledger/peer/1';
/** Of the exporter (RFC 8446, section 7.5); "EXPERIMENTAL" labels need no registration (RFC 5705, section 4). */
const EXPORTER_LABEL = 'EXPERIMENTAL radledger/peer/1';

/** A hello is 157 bytes; the rest of this is room for the WebSocket frame around it, twice. */
export const HELLO_BYTES_MAX = 512;

/** Part of what is signed, so that one side's hello cannot be sent back to it. */
export type Role = 'dialler' | 'listener';

const helloSchema = struct({
  tag: literal(TAG),
  chainId: bytes({ length: 32 }),
  role: uint(1),
  nodeKey: algorithmBytes(32),
  signature: algorithmBytes(64),
});

const numberOf = (role: Role): 0 | 1 => (role === 'dialler' ? 0 : 1);

/** 32 bytes that this TLS session alone yields, the same on both ends and unknown to anybody between two sessions. */
export function sessionValueOf(socket: TLSSocket, chainId: Uint8Array): Uint8Array {
  return socket.exportKeyingMaterial(32, EXPORTER_LABEL, Buffer.from(chainId));
}

function signedBytes(chainId: Uint8Array, sessionValue: Uint8Array, role: Role): Uint8Array {
  return encodeCanonical([TAG, chainId, sessionValue, numberOf(role)]);
}

export async function encodeHello(input: {
  readonly chainId: Uint8Array;
  readonly sessionValue: Uint8Array;
  readonly role: Role;
  readonly signer: Signer;
}): Promise<Uint8Array> {
  const { chainId, sessionValue, role, signer } = input;
  const signature = await signer.sign(signedBytes(chainId, sessionValue, role));
  return encodeWith(helloSchema, { tag: TAG, chainId, role: numberOf(role), nodeKey: signer.publicKey, signature });
}

export type HelloVerdict = { readonly nodeKey: Uint8Array } | { readonly refusal: RefusalCode };

/**
 * Judges the other side's hello. The exporter value is never taken from the message: each side derives its own, so a
 * hello that was made for another TLS session does not verify.
 * @param role - the role that the sender must have
 */
export async function verifyHello(
  frame: Uint8Array,
  expected: { readonly chainId: Uint8Array; readonly sessionValue: Uint8Array; readonly role: Role },
): Promise<HelloVerdict> {
  let hello: ReturnType<typeof helloSchema.decode>;
  try {
    hello = decodeWith(helloSchema, frame, { bytesMax: HELLO_BYTES_MAX, depthMax: 2 });
  } catch {
    return { refusal: 'BAD_HELLO' };
  }
  if (!equalBytes(hello.chainId, expected.chainId)) return { refusal: 'FOREIGN_CHAIN' };
  if (hello.role !== numberOf(expected.role)) return { refusal: 'BAD_HELLO' };
  if (!isStrictPublicKey(hello.nodeKey)) return { refusal: 'BAD_NODE_KEY' };
  const message = signedBytes(expected.chainId, expected.sessionValue, expected.role);
  if (!(await verifyFast(hello.nodeKey, message, hello.signature))) return { refusal: 'BAD_SIGNATURE' };
  return { nodeKey: hello.nodeKey };
}
