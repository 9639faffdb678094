/** The copy of a wrap in its passkey (WebAuthn `largeBlob`). Spec: docs/spec/wallet-keys.md, section 9. */
import { bytes, decodeWith, encodeWith, literal, struct } from '@radledger/primitives';
import type { PasskeyWrap } from './wraps.js';

const COPY_BYTES_MAX = 256;
const copySchema = struct({
  format: literal(1),
  salt: bytes({ length: 16 }),
  sealed: bytes({ max: COPY_BYTES_MAX }),
});

/** What the next gesture puts into the passkey; nothing when it is there already, or cannot be. */
export function copyOf({ copy, salt, sealed }: PasskeyWrap): Uint8Array | undefined {
  return copy === 'none' ? encodeWith(copySchema, { format: 1, salt, sealed }) : undefined;
}

/** The wrap as a passkey brought it along; undefined when there is none in it. */
export function wrapOfCopy(found: {
  readonly credentialId: Uint8Array;
  readonly copy: Uint8Array | undefined;
  readonly isSynced: boolean;
}): PasskeyWrap | undefined {
  const { credentialId, copy, isSynced } = found;
  if (copy === undefined) return undefined;
  try {
    const { salt, sealed } = decodeWith(copySchema, copy, { bytesMax: COPY_BYTES_MAX });
    return { kind: 'passkey', credentialId, salt, sealed, copy: isSynced ? 'synced' : 'here' };
  } catch {
    return undefined;
  }
}

/** The wrap as it is after a gesture. */
export function afterGesture(
  wrap: PasskeyWrap,
  { isCopied, isSynced }: { readonly isCopied: boolean; readonly isSynced: boolean },
): PasskeyWrap {
  if (wrap.copy === undefined || (wrap.copy === 'none' && !isCopied)) return wrap;
  return { ...wrap, copy: isSynced ? 'synced' : 'here' };
}
