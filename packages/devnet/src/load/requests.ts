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

/** Where strangers come from when they are many, and where somebody else does: all of 127.0.0.0/8 is this machine. */
const CROWDED = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
const ELSEWHERE = '127.0.0.6';
/** Each asks for as many documents as a gateway looks up for one key; all together for more than it looks up for everybody. */
const CROWD = { strangers: 24, documents: 60 };

/** Strangers at a few addresses: how many, and what sends for one after the other. */
export function crowd({ endpoint, wish }: Target): { readonly count: number; readonly sender: Sender } {
  const documents = Array.from({ length: CROWD.documents }, () => unknown(wish));
  let sent = 0;
  const sender = async (): Promise<string> => {
    const from = CROWDED[sent++ % CROWDED.length];
    const signer = await createSigner(generateSeed());
    const { envelope } = await signRequest({ endpointUrl: endpoint.url, documents, signer, now: new Date() });
    return post(endpoint, envelope, from);
  };
  return { count: CROWD.strangers, sender };
}

/** The reader, as long as nobody has asked with its key yet. */
export function newcomer({ endpoint, wish, reader }: Target): Sender {
  return async () => {
    const asked = { endpointUrl: endpoint.url, documents: [wish], signer: reader, now: new Date() };
    return post(endpoint, (await signRequest(asked)).envelope, ELSEWHERE);
  };
}

const unknown = (wish: Wish): Wish => ({ ...wish, documentUniqueId: randomBytes(32).toString('hex') });

/** What must be refused, by the name under which its cost is told. */
export async function refusedSenders({ endpoint, wish, reader }: Target): Promise<Readonly<Record<string, Sender>>> {
  const sign = async (signer: Signer, documents: readonly Wish[] = [wish]): Promise<Uint8Array> => {
    const signed = await signRequest({ endpointUrl: endpoint.url, documents, signer, now: new Date() });
    return signed.envelope;
  };
  const stranger = (): Promise<Signer> => createSigner(generateSeed());
  const used = await sign(reader);
  await post(endpoint, used);
  return {
    'bad signature': async () => post(endpoint, withOtherSignature(await sign(reader))),
    replay: () => post(endpoint, used),
    stranger: async () => post(endpoint, await sign(await stranger())),
    [THOUSAND]: async () =>
      post(
        endpoint,
        await sign(
          await stranger(),
          Array.from({ length: DOCUMENTS_MAX }, () => unknown(wish)),
        ),
      ),
  };
}

/** Still 64 bytes of base64, but not those that the key made. */
function withOtherSignature(envelope: Uint8Array): Uint8Array {
  const text = Buffer.from(envelope).toString('utf8');
  const at = text.indexOf('<ds:SignatureValue>') + '<ds:SignatureValue>'.length;
  const other = text[at] === 'A' ? 'B' : 'A';
  return Buffer.from(text.slice(0, at) + other + text.slice(at + 1), 'utf8');
}
