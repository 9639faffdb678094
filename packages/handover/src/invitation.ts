/** Invitation from a source to a patient: `#i=`. Spec: docs/spec/links.md, section 4. */
import { encodeWith, isStrictPublicKey, randomBytes, struct } from '@radledger/primitives';
import { HandoverError } from './errors.js';
import { validateGatewayUrl } from './gateway-url.js';
import { readLink, writeLink } from './link.js';
import { decodeMessage, format, gatewayUrl, id16, id32, timeMs } from './wire.js';

const BYTES_MAX = 512;

const schema = struct({
  format,
  chainId: id32,
  gatewayApi: gatewayUrl,
  invitationId: id16,
  secret: id32,
  source: id32,
  expiresAtMs: timeMs,
});

/** What the link holds. The six-digit code travels apart from it; no name, exam or UID is inside. */
export interface Invitation {
  readonly chainId: Uint8Array;
  /** Address of the source gateway's browser API, without a trailing slash. */
  readonly gatewayApi: string;
  /** 16 random bytes that name the invitation at its gateway. */
  readonly invitationId: Uint8Array;
  /** 32 random bytes; whoever holds them and the code may claim. */
  readonly secret: Uint8Array;
  /** The source's id: its key on the ledger. */
  readonly source: Uint8Array;
  readonly expiresAtMs: number;
}

/** A new invitation with random id and secret. */
export function createInvitation(
  input: Pick<Invitation, 'chainId' | 'gatewayApi' | 'source' | 'expiresAtMs'>,
): Invitation {
  return { ...input, invitationId: randomBytes(16), secret: randomBytes(32) };
}

/** Six uniformly random decimal digits, to be spoken or printed apart from the link. */
export function generateInvitationCode(): string {
  for (;;) {
    const [a = 0, b = 0, c = 0] = randomBytes(3);
    const draw = (a << 16) | (b << 8) | c;
    // 16 000 000 is the largest multiple of 10^6 below 2^24: the rest is drawn again, so every code is equally likely.
    if (draw < 16_000_000) return String(draw % 1_000_000).padStart(6, '0');
  }
}

/** @throws {HandoverError} `URL_REFUSED` | `KEY_REFUSED` */
export function encodeInvitation(invitation: Invitation): Uint8Array {
  return encodeWith(schema, { format: 1, ...validated(invitation) });
}

/** @throws {HandoverError} `MALFORMED_MESSAGE` | `URL_REFUSED` | `KEY_REFUSED` */
export function decodeInvitation(bytes: Uint8Array): Invitation {
  return validated(decodeMessage(schema, bytes, 'invitation', BYTES_MAX));
}

/** @param pageUrl - the wallet page that opens invitations, without a fragment */
export function encodeInvitationLink(invitation: Invitation, pageUrl: string): string {
  return writeLink(pageUrl, 'i', encodeInvitation(invitation));
}

/**
 * Reads an invitation from a link, its fragment, or the bare base64url text.
 * @throws {HandoverError} `MALFORMED_LINK` | `MALFORMED_MESSAGE` | `URL_REFUSED` | `KEY_REFUSED`
 */
export function decodeInvitationLink(link: string): Invitation {
  return decodeInvitation(readLink(link, 'i'));
}

function validated({ chainId, gatewayApi, invitationId, secret, source, expiresAtMs }: Invitation): Invitation {
  validateGatewayUrl(gatewayApi);
  if (!isStrictPublicKey(source)) throw new HandoverError({ code: 'KEY_REFUSED', field: 'source' }, 'not a source key');
  return { chainId, gatewayApi, invitationId, secret, source, expiresAtMs };
}
