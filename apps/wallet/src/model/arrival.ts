/** What a link brought: the part behind `#`, read once and then taken out of the address and the history. */
import {
  decodeImageRequestLink,
  decodeInvitationLink,
  type Invitation,
  type SignedImageRequest,
  verifyImageRequest,
} from '@radledger/handover';
import type { RoleArrival } from './roles.js';

export type Arrival =
  | { readonly name: 'invitation'; readonly invitation: Invitation }
  | { readonly name: 'request'; readonly request: SignedImageRequest }
  | RoleArrival;

/**
 * Reads a link or the fragment of one. What needs no hospital to be judged (a request, an offer, an answer) is given only when its own bytes
 * hold: canonical, signed where it is, still open, for this chain.
 * @throws {HandoverError}
 */
export async function readArrival(
  text: string,
  expected: { readonly chainId: Uint8Array; readonly nowMs: number },
): Promise<Arrival> {
  const afterHash = text.slice(text.indexOf('#') + 1).trim();
  switch (afterHash.slice(0, 2)) {
    case 'r=': {
      const request = decodeImageRequestLink(text);
      await verifyImageRequest(request, expected);
      return { name: 'request', request };
    }
    case 'o=':
    case 'a=':
      return (await import('./roles.js')).readRoleArrival(text, expected);
    default:
      return { name: 'invitation', invitation: decodeInvitationLink(text) };
  }
}

/** The fragment of this page, when there is one; it is gone from the address afterwards. */
export function takeFragment(): string | undefined {
  const { hash, pathname } = window.location;
  if (hash.length < 2) return undefined;
  window.history.replaceState(window.history.state, '', pathname);
  return hash;
}
