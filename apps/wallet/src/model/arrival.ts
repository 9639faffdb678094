/** What a link brought: the part behind `#`, read once and then taken out of the address and the history. */
import { decodeInvitationLink, type Invitation, type SignedImageRequest } from '@radledger/handover';
import type { Expected } from './requests.js';
import type { RoleArrival } from './roles.js';

export type Arrival =
  | { readonly name: 'invitation'; readonly invitation: Invitation }
  | { readonly name: 'request'; readonly request: SignedImageRequest }
  | RoleArrival;

/**
 * Reads a link or the fragment of one; `expected` is asked for what an invitation does without. What needs no hospital to be judged (a request, an offer, an answer) is given only when its own bytes
 * hold: canonical, signed where it is, still open, for this chain.
 * @throws {HandoverError}
 */
export async function readArrival(text: string, expected: () => Promise<Expected>): Promise<Arrival> {
  const afterHash = text.slice(text.indexOf('#') + 1).trim();
  switch (afterHash.slice(0, 2)) {
    case 'r=': {
      const { readRequest } = await import('./requests.js');
      return { name: 'request', request: await readRequest(text, await expected()) };
    }
    case 'o=':
    case 'a=': {
      const { readRoleArrival } = await import('./roles.js');
      return readRoleArrival(text, await expected());
    }
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
