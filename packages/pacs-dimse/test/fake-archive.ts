/** An archive that agrees to every association and then does what a test says. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Association, type Message } from '../src/association.js';
import { FIELD } from '../src/command-set.js';
import { encodeIdentifier, type Identifier, TAGS } from '../src/identifier.js';
import { encodeAssociateAccept, type AssociateRequest } from '../src/pdu.js';
import { PduSocket } from '../src/pdu-socket.js';

export const STUDY = '2.25.1';
export const SERIES = '2.25.2';
export const INSTANCE = '2.25.3';
export const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
export const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';

/** What is done with an association, again and again until it ends; `socket` for what no association would send. */
export type Script = (association: Association, socket: Socket) => Promise<void>;

export interface FakeArchive {
  readonly port: number;
  /** What is done from the next request on. */
  play(script: Script): void;
  /** Takes each connection instead, before anything was read. */
  takeOver(act: (socket: Socket) => void): void;
  /** Which contexts are agreed to; default all. */
  agree(judge: (abstractSyntax: string, transferSyntax: string) => boolean): void;
  close(): Promise<void>;
}

export async function startFakeArchive(): Promise<FakeArchive> {
  const sockets = new Set<Socket>();
  let script: Script = async (association) => void (await received(association));
  let takeOver: ((socket: Socket) => void) | undefined;
  let judge: (abstractSyntax: string, transferSyntax: string) => boolean = () => true;

  const converse = async (socket: Socket): Promise<void> => {
    const units = new PduSocket(socket, { pduBytesMax: 128 * 1024, timeoutMs: 20_000 });
    const request = await units.read();
    if (request.type !== 'associate-request') throw new Error('expected an association');
    const contexts = agreed(request, judge);
    await units.write(encodeAssociateAccept({ ...request, contexts, roles: [], pduBytesMax: 16_384 }));
    const names = new Map(request.contexts.map(({ id, abstractSyntax }) => [id, abstractSyntax]));
    const accepted = contexts.filter(({ result }) => result === 0);
    const negotiated = accepted.map((each) => ({ ...each, abstractSyntax: names.get(each.id) ?? '' }));
    const association = new Association(units, negotiated, 16_384);
    for (;;) await script(association, socket);
  };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    if (takeOver !== undefined) takeOver(socket);
    // The other side may go at any time: that is what the tests are about.
    else converse(socket).catch(() => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    play(next) {
      script = next;
      takeOver = undefined;
    },
    takeOver(act) {
      takeOver = act;
    },
    agree(next) {
      judge = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function agreed({ contexts }: AssociateRequest, judge: (abstractSyntax: string, transferSyntax: string) => boolean) {
  return contexts.map(({ id, abstractSyntax, transferSyntaxes: [transferSyntax = ''] }) => ({
    id,
    result: judge(abstractSyntax, transferSyntax) ? 0 : 4,
    transferSyntax,
  }));
}

export async function received(association: Association): Promise<Message> {
  const message = await association.receive();
  if (message === 'released') throw new Error('expected a message');
  for await (const _chunk of message.dataSet ?? []);
  return message;
}

/** Answers queries with one study of one instance, until another request comes, which it gives back. */
export async function answerQueries(association: Association): Promise<Message> {
  for (let queries = 0; ; queries++) {
    const message = await received(association);
    if (message.command.field !== FIELD.findRequest) return message;
    await answerQuery(association, message, [queries % 2 === 0 ? ONE_SERIES : ONE_INSTANCE]);
  }
}

export async function answerQuery(
  association: Association,
  { contextId, command }: Message,
  matches: readonly Identifier[],
  status = 0,
): Promise<void> {
  const answer = { field: FIELD.findResponse, respondsTo: command.messageId ?? 0, status: 0xff00 };
  for (const match of matches) await association.send(contextId, answer, only(encodeIdentifier(match)));
  await association.send(contextId, { ...answer, status });
}

const ONE_SERIES: Identifier = new Map([[TAGS.seriesInstanceUid, SERIES]]);
export const ONE_INSTANCE: Identifier = new Map([
  [TAGS.sopInstanceUid, INSTANCE],
  [TAGS.sopClassUid, SECONDARY_CAPTURE],
]);

/** Sends an instance for a C-GET, and the end of the retrieval. */
export async function giveInstance(
  association: Association,
  { contextId, command }: Message,
  dataSet: AsyncIterable<Uint8Array>,
  given: { readonly sopInstanceUid?: string; readonly status?: number } = {},
): Promise<void> {
  const { sopInstanceUid = INSTANCE, status = 0 } = given;
  const context = association.contextOf(SECONDARY_CAPTURE, EXPLICIT_LITTLE_ENDIAN);
  const store = {
    field: FIELD.storeRequest,
    messageId: 7,
    priority: 0,
    sopClassUid: SECONDARY_CAPTURE,
    sopInstanceUid,
  };
  await association.send(context?.id ?? 0, store, dataSet);
  await received(association);
  await association.send(contextId, { field: FIELD.getResponse, respondsTo: command.messageId ?? 0, status });
}

export async function* only(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* chunks;
}
