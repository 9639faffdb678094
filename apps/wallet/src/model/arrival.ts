/** What a link brought: the part behind `#`, read once and then taken out of the address and the history. */
import {
  decodeImageRequestLink,
  decodeInvitationLink,
  type Invitation,
  type SignedImageRequest,
  verifyImageRequest,
} from '@radledger/handover';

export type Arrival =
  | { readonly kind: 'invitation'; readonly invitation: Invitation }
  | { readonly kind: 'request'; readonly request: SignedImageRequest };

/**
 * Reads a link or the fragment of one. A request is given only when its own bytes hold: canonical, signed, still open, for this chain.
 * @throws {HandoverError}
 */
export async function readArrival(
  text: string,
  expected: { readonly chainId: Uint8Array; readonly nowMs: number },
): Promise<Arrival> {
  if (!/#?r=/.test(text.slice(text.indexOf('#') + 1, text.indexOf('#') + 4))) {
    return { kind: 'invitation', invitation: decodeInvitationLink(text) };
  }
  const request = decodeImageRequestLink(text);
  await verifyImageRequest(request, expected);
  return { kind: 'request', request };
}

/** The fragment of this page, when there is one; it is gone from the address afterwards. */
export function takeFragment(): string | undefined {
  const { hash, pathname } = window.location;
  if (hash.length < 2) return undefined;
  window.history.replaceState(window.history.state, '', pathname);
  return hash;
}
