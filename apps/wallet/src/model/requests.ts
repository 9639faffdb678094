/** A request for images, given only when its own bytes hold: canonical, signed, still open, for this chain. Loaded when it is used. */
import { decodeImageRequestLink, type SignedImageRequest, verifyImageRequest } from '@radledger/handover';

export interface Expected {
  readonly chainId: Uint8Array;
  readonly nowMs: number;
}

/** @throws {HandoverError} */
export async function readRequest(link: string, expected: Expected): Promise<SignedImageRequest> {
  return checkedRequest(decodeImageRequestLink(link), expected);
}

/** @throws {HandoverError} */
export async function checkedRequest(request: SignedImageRequest, expected: Expected): Promise<SignedImageRequest> {
  await verifyImageRequest(request, expected);
  return request;
}
