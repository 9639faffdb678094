/** Requests of a load run: those that are answered, and those of senders that must cost no more than a refusal. */
import { randomBytes } from 'node:crypto';
import { DOCUMENTS_MAX } from '@radledger/iti43';
import { signRequest } from '@radledger/iti43/client';
import { createSigner, generateSeed, type Signer } from '@radledger/primitives';
import { ask, type Endpoint, post, type Wish } from '../document-consumer.js';

/** Sends one request; gives what came: `retrieved`, or how it was refused. */
export type Sender = () => Promise<string>;

export interface Target {
  readonly endpoint: Endpoint;
  readonly wish: Wish;
  /** Holds a grant. */
  readonly reader: Signer;
}

/** A stranger who names as many documents as one request may; hundreds of times as large as the others. */
export const THOUSAND = 'stranger, a thousand documents';

/** One that is entitled; `retrieved` only when the document is the one with this digest. */
export function entitled({ endpoint, wish, reader }: Target, sha256: string): Sender {
  return async () => {
    const { answer, sha256: received } = await ask(endpoint, wish, reader);
    return answer === 'retrieved' && received !== sha256 ? 'another document' : answer;
  };
}

/** What must be refused, by the name under which its cost is told. */
export async function refusedSenders({ endpoint, wish, reader }: Target): Promise<Readonly<Record<string, Sender>>> {
  const sign = async (signer: Signer, documents: readonly Wish[] = [wish]): Promise<Uint8Array> => {
    const signed = await signRequest({ endpointUrl: endpoint.url, documents, signer, now: new Date() });
    return signed.envelope;
  };
  const stranger = (): Promise<Signer> => createSigner(generateSeed());
  const unknownWish = (): Wish => ({ ...wish, documentUniqueId: randomBytes(32).toString('hex') });
  const used = await sign(reader);
  await post(endpoint, used);
  return {
    'bad signature': async () => post(endpoint, withOtherSignature(await sign(reader))),
    replay: () => post(endpoint, used),
    stranger: async () => post(endpoint, await sign(await stranger())),
    [THOUSAND]: async () =>
      post(endpoint, await sign(await stranger(), Array.from({ length: DOCUMENTS_MAX }, unknownWish))),
  };
}

/** Still 64 bytes of base64, but not those that the key made. */
function withOtherSignature(envelope: Uint8Array): Uint8Array {
  const text = Buffer.from(envelope).toString('utf8');
  const at = text.indexOf('<ds:SignatureValue>') + '<ds:SignatureValue>'.length;
  const other = text[at] === 'A' ? 'B' : 'A';
  return Buffer.from(text.slice(0, at) + other + text.slice(at + 1), 'utf8');
}
