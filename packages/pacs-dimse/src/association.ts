/** One association: DIMSE messages over units of the upper layer (PS3.7, section 9.3; PS3.8, section 9.2). */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { ImagingError } from '@radledger/imaging';
import { answerInvalid, unavailable } from './archive-errors.js';
import { type Command, COMMAND_BYTES_MAX, decodeCommand, encodeCommand } from './command-set.js';
import {
  type AssociateAccept,
  encodeAssociateRequest,
  encodeReleaseRequest,
  encodeReleaseResponse,
  type PresentationValue,
  type ProposedContext,
  type Role,
  VALUE_HEAD_BYTES,
} from './pdu.js';
import { createPace, type Pace } from './pace.js';
import { PduSocket } from './pdu-socket.js';

/** What we let others send in one unit, and the largest that we send ourselves. */
export const PDU_BYTES_MAX = 128 * 1024;

const RELEASE_MS = 2_000;

/** Where an application entity answers, and as whom it is asked. */
export interface DimsePeer {
  readonly host: string;
  readonly port: number;
  /** Of the other side; 1 to 16 characters. */
  readonly calledAeTitle: string;
  /** Our own. */
  readonly callingAeTitle: string;
  /** PEM; TLS is used when this is given. `ca` default: the system's authorities. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Longest silence of the other side, in ms. */
  readonly timeoutMs: number;
  /** Ends the connection when it aborts. */
  readonly signal?: AbortSignal;
}

export interface Message {
  readonly contextId: number;
  readonly command: Command;
  /** To be read to its end before the next message is received. */
  readonly dataSet: AsyncIterable<Uint8Array> | undefined;
}

export interface NegotiatedContext {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntax: string;
}

export class Association {
  private readonly queue: PresentationValue[] = [];
  private messageId = 0;
  private isReading = false;

  constructor(
    private readonly socket: PduSocket,
    readonly contexts: readonly NegotiatedContext[],
    /** As the other side announced; 0: any. */
    private readonly peerPduBytesMax: number,
  ) {}

  get isOpen(): boolean {
    return this.socket.isOpen;
  }

  nextMessageId(): number {
    this.messageId = (this.messageId % 0xffff) + 1;
    return this.messageId;
  }

  /** The accepted context of an abstract syntax, with this transfer syntax when it matters. */
  contextOf(abstractSyntax: string, transferSyntax?: string): NegotiatedContext | undefined {
    return this.contexts.find(
      (context) =>
        context.abstractSyntax === abstractSyntax &&
        (transferSyntax === undefined || context.transferSyntax === transferSyntax),
    );
  }

  /** @throws {ImagingError} `ARCHIVE_UNAVAILABLE`, and what `dataSet` throws: the association is aborted then */
  async send(contextId: number, command: Command, dataSet?: AsyncIterable<Uint8Array>): Promise<void> {
    const bytes = encodeCommand({ ...command, hasDataSet: dataSet !== undefined });
    await this.socket.writeValue({ contextId, isCommand: true, isLast: true, fragment: bytes });
    if (dataSet === undefined) return;
    const pace = this.pace();
    try {
      for await (const { fragment, isLast } of fragmentsOf(dataSet, this.fragmentBytes())) {
        const value = { contextId, isCommand: false, isLast, fragment };
        await pace(
          () => this.socket.writeValue(value),
          () => fragment.length,
        );
      }
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /**
   * The next message, or `released` when the other side has ended the association in order.
   * @throws {ImagingError} `ARCHIVE_UNAVAILABLE` | `ARCHIVE_ANSWER_INVALID`; the association is at its end then
   */
  async receive(): Promise<Message | 'released'> {
    if (this.isReading) throw new TypeError('the data set of the last message is read first');
    const fragments: Buffer[] = [];
    let bytes = 0;
    const pace = this.pace();
    for (;;) {
      const value = await pace(() => this.nextValue(fragments.length === 0), bytesOf);
      if (value === 'released') return value;
      if (!value.isCommand) throw this.broken('command', 'expected a command before its data set');
      bytes += value.fragment.length;
      if (bytes > COMMAND_BYTES_MAX) throw this.broken('command-size', 'expected a command set of a few elements');
      fragments.push(value.fragment);
      if (!value.isLast) continue;
      const command = this.checked(() => decodeCommand(Buffer.concat(fragments)));
      if (command.hasDataSet !== true) return { contextId: value.contextId, command, dataSet: undefined };
      this.isReading = true;
      return { contextId: value.contextId, command, dataSet: this.dataSetOf(value.contextId) };
    }
  }

  /** Ends in order; an other side that does not confirm within 2 s is left all the same. */
  async release(): Promise<void> {
    const timer = setTimeout(() => this.socket.destroy(), RELEASE_MS);
    try {
      await this.socket.write(encodeReleaseRequest());
      for (;;) {
        const { type } = await this.socket.read();
        if (type === 'release-response' || type === 'abort') break;
        // Both ask at once: the acceptor's request is confirmed too (PS3.8, 7.2.2.6).
        if (type === 'release-request') await this.socket.write(encodeReleaseResponse());
      }
    } catch (error) {
      // All that was asked has been answered: how the other side leaves changes nothing.
      if (!(error instanceof ImagingError)) throw error;
    } finally {
      clearTimeout(timer);
      this.socket.destroy();
    }
  }

  abort(): void {
    this.socket.abort();
  }

  private async *dataSetOf(contextId: number): AsyncGenerator<Uint8Array, void, void> {
    let isWhole = false;
    const pace = this.pace();
    try {
      while (!isWhole) {
        const value = await pace(() => this.nextValue(false), bytesOf);
        if (value === 'released' || value.isCommand || value.contextId !== contextId) {
          throw this.broken('data-set', 'expected the data set of the command');
        }
        isWhole = value.isLast;
        if (isWhole) this.isReading = false;
        if (value.fragment.length > 0) yield value.fragment;
      }
    } finally {
      if (!isWhole) this.abort();
    }
  }

  /** Of one message. */
  private pace(): Pace {
    return createPace(this.socket.timeoutMs, () => this.abort());
  }

  private async nextValue(isBetweenMessages: boolean): Promise<PresentationValue | 'released'> {
    for (;;) {
      const queued = this.queue.shift();
      if (queued !== undefined) return queued;
      const pdu = await this.socket.read();
      if (pdu.type === 'data') this.queue.push(...pdu.values);
      else if (pdu.type === 'abort') {
        this.socket.destroy();
        throw unavailable('ABORTED');
      } else if (pdu.type === 'release-request' && isBetweenMessages) {
        this.socket.end(encodeReleaseResponse());
        return 'released';
      } else throw this.broken('pdu-order', 'expected data, a release between messages, or an abort');
    }
  }

  private fragmentBytes(): number {
    const agreed = this.peerPduBytesMax === 0 ? PDU_BYTES_MAX : Math.min(this.peerPduBytesMax, PDU_BYTES_MAX);
    return (agreed - VALUE_HEAD_BYTES) & ~1;
  }

  private checked<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      this.socket.abort(2);
      throw error;
    }
  }

  private broken(rule: string, message: string): ImagingError {
    this.socket.abort(2);
    return answerInvalid(rule, message);
  }
}

/**
 * Connects and negotiates.
 * @throws {ImagingError} `ARCHIVE_UNAVAILABLE`: its reason is the system's code, `TIMEOUT`, `CLOSED`, `ABORTED`, or
 *   `REJECTED_<result>_<source>_<reason>` (PS3.8, 9.3.4) | `ARCHIVE_ANSWER_INVALID`
 */
export async function requestAssociation(
  peer: DimsePeer,
  contexts: readonly ProposedContext[],
  roles: readonly Role[] = [],
): Promise<Association> {
  const { calledAeTitle, callingAeTitle, timeoutMs } = peer;
  const socket = new PduSocket(await connected(peer), { pduBytesMax: PDU_BYTES_MAX, timeoutMs });
  await socket.write(
    encodeAssociateRequest({ calledAeTitle, callingAeTitle, contexts, roles, pduBytesMax: PDU_BYTES_MAX }),
  );
  const answer = await socket.read();
  if (answer.type === 'associate-reject') {
    socket.destroy();
    throw unavailable(`REJECTED_${answer.result}_${answer.source}_${answer.reason}`);
  }
  if (answer.type === 'abort') {
    socket.destroy();
    throw unavailable('ABORTED');
  }
  try {
    if (answer.type !== 'associate-accept') throw answerInvalid('pdu-order', 'expected an answer to the association');
    return new Association(socket, negotiated(contexts, answer), peerPduBytes(answer.pduBytesMax));
  } catch (error) {
    socket.abort(2);
    throw error;
  }
}

/**
 * What the other side takes in one unit.
 * @throws {ImagingError} `ARCHIVE_ANSWER_INVALID` below 1,024: each unit would carry next to nothing
 */
export function peerPduBytes(announced: number): number {
  if (announced !== 0 && announced < 1_024) throw answerInvalid('pdu-size', 'expected units of 1,024 bytes and more');
  return announced;
}

function negotiated(proposed: readonly ProposedContext[], { contexts }: AssociateAccept): readonly NegotiatedContext[] {
  const byId = new Map(proposed.map((context) => [context.id, context]));
  return contexts
    .filter(({ result }) => result === 0)
    .map(({ id, transferSyntax }) => {
      const context = byId.get(id);
      if (context === undefined || !context.transferSyntaxes.includes(transferSyntax)) {
        throw answerInvalid('contexts', 'expected an answer to what was proposed');
      }
      byId.delete(id);
      return { id, abstractSyntax: context.abstractSyntax, transferSyntax };
    });
}

async function connected({ host, port, tls, timeoutMs, signal }: DimsePeer): Promise<Socket> {
  const socket = tls === undefined ? connectTcp({ host, port }) : connectTls({ host, port, ...tls });
  const timer = setTimeout(() => socket.destroy(unavailable('TIMEOUT')), timeoutMs);
  const leave = (): void => void socket.destroy(unavailable('CLOSED'));
  signal?.addEventListener('abort', leave);
  socket.once('close', () => signal?.removeEventListener('abort', leave));
  if (signal?.aborted === true) leave();
  try {
    await once(socket, tls === undefined ? 'connect' : 'secureConnect');
    return socket;
  } catch (cause) {
    socket.destroy();
    if (cause instanceof ImagingError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw unavailable(typeof code === 'string' ? code : 'UNKNOWN');
  } finally {
    clearTimeout(timer);
  }
}

function bytesOf(value: PresentationValue | 'released'): number {
  return value === 'released' ? 0 : value.fragment.length;
}

/** Fragments of equal, even size; the last may be shorter. One is held back, since only the end tells which is last. */
async function* fragmentsOf(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Pick<PresentationValue, 'fragment' | 'isLast'>, void, void> {
  let gathered = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const chunk of bytes) {
    for (let position = 0; position < chunk.length; ) {
      if (filled === size) {
        yield { fragment: gathered, isLast: false };
        gathered = Buffer.allocUnsafe(size);
        filled = 0;
      }
      const taken = Math.min(size - filled, chunk.length - position);
      gathered.set(chunk.subarray(position, position + taken), filled);
      filled += taken;
      position += taken;
    }
  }
  yield { fragment: gathered.subarray(0, filled), isLast: true };
}
