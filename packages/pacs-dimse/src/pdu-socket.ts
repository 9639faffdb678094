/** Units of the upper layer over one connection: bounded in size and time, with back-pressure both ways. */
import type { Socket } from 'node:net';
import { ImagingError } from '@radledger/imaging';
import { answerInvalid, unavailable } from './archive-errors.js';
import {
  ASSOCIATE_BYTES_MAX,
  DATA,
  decodePdu,
  encodeAbort,
  encodeDataHead,
  type Pdu,
  type PresentationValue,
} from './pdu.js';

const HEAD_BYTES = 6;

export interface PduSocketOptions {
  /** Largest P-DATA-TF that is read, in bytes after its head; what the association announces. */
  readonly pduBytesMax: number;
  /** Longest time for one unit to arrive whole, or for the other side to take what is sent, in ms. */
  readonly timeoutMs: number;
}

export class PduSocket {
  private failure: Error | undefined;
  private held: Buffer[] = [];
  private heldBytes = 0;
  private isEnded = false;
  private wake: () => void = () => undefined;

  /** @param socket - connected; read by nobody else */
  constructor(
    private readonly socket: Socket,
    private readonly options: PduSocketOptions,
  ) {
    socket.setNoDelay(true);
    socket.pause();
    socket.on('data', (chunk) => {
      if (this.isEnded) return;
      this.held.push(chunk);
      this.heldBytes += chunk.length;
      this.wake();
    });
    socket.on('drain', () => this.wake());
    socket.on('error', (error) => {
      this.failure ??= error;
    });
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        this.isEnded = true;
        this.wake();
      });
    }
  }

  get timeoutMs(): number {
    return this.options.timeoutMs;
  }

  get isOpen(): boolean {
    return !this.isEnded && this.socket.writable;
  }

  /**
   * The next unit.
   * @throws {ImagingError} `ARCHIVE_ANSWER_INVALID` | `ARCHIVE_UNAVAILABLE`; the connection is ended then
   */
  async read(): Promise<Pdu> {
    try {
      return await this.within(async () => {
        const head = await this.bytes(HEAD_BYTES);
        const type = head[0] as number;
        const length = head.readUInt32BE(2);
        if (length > (type === DATA ? this.options.pduBytesMax : ASSOCIATE_BYTES_MAX)) {
          throw answerInvalid('pdu-size', 'expected a unit not larger than was agreed');
        }
        return decodePdu(type, length === 0 ? Buffer.alloc(0) : await this.bytes(length));
      });
    } catch (error) {
      throw this.ended(error);
    }
  }

  /** @throws {ImagingError} `ARCHIVE_UNAVAILABLE`; the connection is ended then */
  async write(...buffers: readonly Buffer[]): Promise<void> {
    try {
      if (this.failure !== undefined) throw this.failure;
      if (!this.socket.writable) throw unavailable('CLOSED');
      this.socket.cork();
      let isTaken = true;
      for (const buffer of buffers) isTaken = this.socket.write(buffer);
      this.socket.uncork();
      if (!isTaken) await this.within(() => this.drained());
    } catch (error) {
      throw this.ended(error);
    }
  }

  writeValue({ fragment, ...value }: PresentationValue): Promise<void> {
    return this.write(encodeDataHead(value, fragment.length), fragment);
  }

  /** Sends the last unit and ends; what comes after it is not read. */
  end(last: Buffer): void {
    if (!this.socket.writable) return this.destroy();
    this.socket.end(last);
    // Read to its end, so that the other side's own end is seen and the connection goes.
    this.isEnded = true;
    this.socket.resume();
    this.socket.setTimeout(this.options.timeoutMs, () => this.destroy());
  }

  abort(source: 0 | 2 = 0): void {
    if (this.socket.writable) this.socket.end(encodeAbort(source), () => this.destroy());
    else this.destroy();
    this.socket.setTimeout(1_000, () => this.destroy());
  }

  destroy(): void {
    this.socket.destroy();
  }

  private async bytes(count: number): Promise<Buffer> {
    while (this.heldBytes < count) {
      if (this.failure !== undefined) throw this.failure;
      if (this.isEnded) throw unavailable('CLOSED');
      this.socket.resume();
      await this.happening();
    }
    this.socket.pause();
    const held = this.held.length === 1 ? (this.held[0] as Buffer) : Buffer.concat(this.held);
    const rest = held.subarray(count);
    this.held = rest.length === 0 ? [] : [rest];
    this.heldBytes = rest.length;
    return held.subarray(0, count);
  }

  private async drained(): Promise<void> {
    while (this.socket.writableNeedDrain) {
      if (this.failure !== undefined) throw this.failure;
      if (this.socket.destroyed) throw unavailable('CLOSED');
      await this.happening();
    }
  }

  /** Resolves when the connection has moved on in whatever way. */
  private happening(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private async within<T>(act: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.socket.destroy(unavailable('TIMEOUT')), this.options.timeoutMs);
    try {
      return await act();
    } finally {
      clearTimeout(timer);
    }
  }

  private ended(error: unknown): ImagingError {
    const { failure } = this;
    const cause = failure ?? error;
    const isInvalid = error instanceof ImagingError && error.code === 'ARCHIVE_ANSWER_INVALID';
    if (isInvalid) this.abort(2);
    else this.destroy();
    if (isInvalid) return error;
    if (cause instanceof ImagingError) return cause;
    // The system's own messages hold addresses: only the code is kept.
    const { code } = cause as NodeJS.ErrnoException;
    return unavailable(typeof code === 'string' ? code : 'UNKNOWN');
  }
}
