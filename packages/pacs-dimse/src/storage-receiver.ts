/** A Storage SCP: takes instances from the application entities it knows (PS3.4, annex B). */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { answerInvalid } from './archive-errors.js';
import { Association, type Message, PDU_BYTES_MAX, peerPduBytes } from './association.js';
import { FIELD, STATUS } from './command-set.js';
import type { InstanceMeta } from './part10.js';
import { type AssociateRequest, encodeAssociateAccept, encodeAssociateReject } from './pdu.js';
import { PduSocket } from './pdu-socket.js';
import { bounded } from './retrieve.js';
import { isStorage, TRANSFER_SYNTAXES, VERIFICATION } from './syntaxes.js';

export interface IncomingInstance extends InstanceMeta {
  /** Who sends it, as it says. */
  readonly callingAeTitle: string;
  /** All after group 0002, byte for byte; left early, the association is aborted. */
  readonly dataSet: AsyncIterable<Uint8Array>;
}

export interface StorageReceiverOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly aeTitle: string;
  /** AE titles that may send. DIMSE proves none of them: let only the archive's address reach the port, or use TLS. */
  readonly callers: readonly string[];
  /** PEM. With `ca`, every caller must show a certificate that it signed. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string };
  /** Default 8. */
  readonly associationsMax?: number;
  /** Longest silence of a caller, in ms; default 60 000. */
  readonly timeoutMs?: number;
  /** Default 4 GiB. */
  readonly instanceBytesMax?: number;
  /** Takes what no retrieval waits for, and gives the DIMSE status of the answer; default refuses. */
  readonly onInstance?: (instance: IncomingInstance) => Promise<number>;
  /** Told why an association ended out of order; never holds patient data. */
  readonly onFailure?: (error: unknown) => void;
}

/** An instance that a C-MOVE is about to bring. */
export interface ExpectedInstance {
  readonly arrival: Promise<IncomingInstance>;
  /** Answers the sender, or stops waiting; only the first call counts. */
  leave(status: number): void;
}

export interface StorageReceiver {
  readonly port: number;
  readonly aeTitle: string;
  expect(sopInstanceUid: string): ExpectedInstance;
  /** Aborts what runs and stops listening. */
  close(): Promise<void>;
}

interface Waiter {
  arrive(instance: IncomingInstance): Promise<number>;
}

/** Result, source and reason of an A-ASSOCIATE-RJ (PS3.8, 9.3.4). */
type Rejection = readonly [result: number, source: number, reason: number];
const CALLED_AE_TITLE_NOT_RECOGNIZED: Rejection = [1, 1, 7];
const CALLING_AE_TITLE_NOT_RECOGNIZED: Rejection = [1, 1, 3];
const TEMPORARY_CONGESTION: Rejection = [2, 3, 1];

/** @throws the system's error when it cannot listen */
export async function openStorageReceiver(options: StorageReceiverOptions): Promise<StorageReceiver> {
  const { host, aeTitle, tls, associationsMax = 8, timeoutMs = 60_000, onFailure } = options;
  const { instanceBytesMax = 4 * 1024 ** 3 } = options;
  const callers = new Set(options.callers);
  const waiters = new Map<string, Waiter[]>();
  const sockets = new Set<Socket>();

  const take = async (instance: IncomingInstance): Promise<number> => {
    const waiter = waiters.get(instance.sopInstanceUid)?.shift();
    if (waiter !== undefined) return waiter.arrive(instance);
    return options.onInstance?.(instance) ?? STATUS.cannotUnderstand;
  };

  const converse = async (tcp: Socket): Promise<void> => {
    const socket = new PduSocket(tcp, { pduBytesMax: PDU_BYTES_MAX, timeoutMs });
    const request = await socket.read();
    if (request.type !== 'associate-request') {
      socket.abort(2);
      throw answerInvalid('pdu-order', 'expected the request of an association');
    }
    const rejection = rejectionOf(request);
    if (rejection !== undefined) {
      socket.end(encodeAssociateReject(...rejection));
      return;
    }
    const contexts = request.contexts.map((context) => {
      const { id, abstractSyntax, transferSyntaxes } = context;
      if (abstractSyntax !== VERIFICATION && !isStorage(abstractSyntax)) return { id, result: 3, transferSyntax: '' };
      const transferSyntax = transferSyntaxes.find((uid) => TRANSFER_SYNTAXES.includes(uid));
      return transferSyntax === undefined ? { id, result: 4, transferSyntax: '' } : { id, result: 0, transferSyntax };
    });
    const peerBytesMax = peerPduBytes(request.pduBytesMax);
    const { calledAeTitle, callingAeTitle } = request;
    const answer = { calledAeTitle, callingAeTitle, contexts, roles: [], pduBytesMax: PDU_BYTES_MAX };
    await socket.write(encodeAssociateAccept(answer));
    const abstractSyntaxOf = new Map(request.contexts.map(({ id, abstractSyntax }) => [id, abstractSyntax]));
    const negotiated = contexts
      .filter(({ result }) => result === 0)
      .map(({ id, transferSyntax }) => ({ id, transferSyntax, abstractSyntax: abstractSyntaxOf.get(id) ?? '' }));
    const association = new Association(socket, negotiated, peerBytesMax);
    try {
      for (;;) {
        const message = await association.receive();
        if (message === 'released') return;
        await answerTo(association, message, callingAeTitle);
      }
    } catch (error) {
      association.abort();
      throw error;
    }
  };

  const rejectionOf = ({ calledAeTitle, callingAeTitle }: AssociateRequest): Rejection | undefined => {
    if (sockets.size > associationsMax) return TEMPORARY_CONGESTION;
    if (!callers.has(callingAeTitle)) return CALLING_AE_TITLE_NOT_RECOGNIZED;
    if (calledAeTitle !== aeTitle) return CALLED_AE_TITLE_NOT_RECOGNIZED;
    return undefined;
  };

  const answerTo = async (association: Association, message: Message, callingAeTitle: string): Promise<void> => {
    const { contextId, command, dataSet } = message;
    const { field, messageId: respondsTo, sopClassUid = '', sopInstanceUid = '' } = command;
    if (field === FIELD.cancelRequest && dataSet === undefined) return;
    const context = association.contexts.find(({ id }) => id === contextId);
    if (context === undefined || respondsTo === undefined) throw answerInvalid('context', 'expected an agreed context');
    if (field === FIELD.echoRequest && dataSet === undefined) {
      const echo = { field: FIELD.echoResponse, respondsTo, sopClassUid, status: STATUS.success };
      return association.send(contextId, echo);
    }
    if (field !== FIELD.storeRequest || dataSet === undefined || context.abstractSyntax !== sopClassUid) {
      throw answerInvalid('store', 'expected a C-STORE in its own context');
    }
    if (!/^[0-9]+(\.[0-9]+)*$/.test(sopInstanceUid) || sopInstanceUid.length > 64) {
      throw answerInvalid('store', 'expected a SOP Instance UID');
    }
    const { transferSyntax: transferSyntaxUid } = context;
    const bytes = bounded(dataSet, instanceBytesMax);
    const instance = { callingAeTitle, sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet: bytes };
    const status = await take(instance);
    // What nobody read is read past, so that the answer is heard.
    for await (const _rest of bytes);
    await association.send(contextId, { field: FIELD.storeResponse, respondsTo, sopClassUid, sopInstanceUid, status });
  };

  const onConnection = (socket: Socket): void => {
    // One more than may converse, to tell it so; what comes above that is not answered.
    if (sockets.size > associationsMax) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    converse(socket).catch((error: unknown) => {
      socket.destroy();
      onFailure?.(error);
    });
  };
  const server: Server =
    tls === undefined
      ? createServer(onConnection)
      : createTlsServer({ ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: true }, onConnection);
  server.listen(options.port, host);
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    aeTitle,
    expect(sopInstanceUid) {
      let arrive: (instance: IncomingInstance) => void = () => undefined;
      let answer: (status: number) => void = () => undefined;
      const arrival = new Promise<IncomingInstance>((resolve) => {
        arrive = resolve;
      });
      const answered = new Promise<number>((resolve) => {
        answer = resolve;
      });
      const waiter: Waiter = {
        arrive(instance) {
          arrive(instance);
          return answered;
        },
      };
      waiters.set(sopInstanceUid, [...(waiters.get(sopInstanceUid) ?? []), waiter]);
      return {
        arrival,
        leave(status) {
          answer(status);
          const left = (waiters.get(sopInstanceUid) ?? []).filter((each) => each !== waiter);
          if (left.length === 0) waiters.delete(sopInstanceUid);
          else waiters.set(sopInstanceUid, left);
        },
      };
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
