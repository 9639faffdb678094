import type { PeerId, RequestOptions } from './contract.js';
import { NetworkError } from './errors.js';
import type { Misbehaviour } from './penalties.js';

interface PendingRequest {
  readonly topic: string;
  readonly responseBytesMax: number;
  readonly resolve: (payload: Uint8Array) => void;
  readonly reject: (error: NetworkError) => void;
  /** Frees the timer and the abort listener. */
  readonly release: () => void;
}

/** The requests of one connection that wait for their answer. */
export class PendingRequests {
  private readonly byId = new Map<number, PendingRequest>();
  private nextId = 1;

  constructor(
    private readonly peerId: PeerId,
    private readonly requestsMax: number,
  ) {}

  /** @param sendRequest - called with the id to send; what it throws ends the request */
  add(topic: string, options: RequestOptions, sendRequest: (requestId: number) => void): Promise<Uint8Array> {
    const { peerId } = this;
    if (this.byId.size >= this.requestsMax) {
      const info = { code: 'TOO_MANY_REQUESTS', peerId, requestsMax: this.requestsMax } as const;
      return Promise.reject(new NetworkError(info, 'wait for earlier requests to this peer to be answered'));
    }
    const { timeoutMs, responseBytesMax, signal } = options;
    const aborted = () => new NetworkError({ code: 'REQUEST_ABORTED', peerId, topic }, 'the caller gave up');
    if (signal?.aborted === true) return Promise.reject(aborted());
    const requestId = this.nextId++;
    return new Promise((resolve, reject) => {
      const fail = (error: NetworkError) => this.take(requestId)?.reject(error);
      const timer = setTimeout(() => {
        fail(new NetworkError({ code: 'REQUEST_TIMEOUT', peerId, topic, timeoutMs }, `no answer in ${timeoutMs} ms`));
      }, timeoutMs);
      const onAbort = () => fail(aborted());
      signal?.addEventListener('abort', onAbort, { once: true });
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      this.byId.set(requestId, { topic, responseBytesMax, resolve, reject, release });
      try {
        sendRequest(requestId);
      } catch (error) {
        this.take(requestId);
        reject(error instanceof Error ? error : new Error('the request was not sent', { cause: error }));
      }
    });
  }

  /**
   * Settles a request by its answer.
   * @returns what was wrong with the answer, if anything: the rule's code
   */
  answer(requestId: number, topic: string, payload: Uint8Array): Misbehaviour | undefined {
    const request = this.expect(requestId, topic);
    if (typeof request === 'string') return request;
    if (request === undefined) return undefined;
    const { peerId } = this;
    if (payload.length > request.responseBytesMax) {
      const info = { code: 'RESPONSE_TOO_LARGE', peerId, topic, bytesMax: request.responseBytesMax } as const;
      request.reject(new NetworkError(info, `expected at most ${request.responseBytesMax} bytes`));
      return 'RESPONSE_TOO_LARGE';
    }
    request.resolve(payload);
    return undefined;
  }

  /** As `answer`, for a refusal. `reason` must be one of the known refusal codes. */
  refuse(requestId: number, topic: string, reason: string): Misbehaviour | undefined {
    const request = this.expect(requestId, topic);
    if (typeof request === 'string') return request;
    const info = { code: 'REQUEST_REFUSED', peerId: this.peerId, topic, reason } as const;
    request?.reject(new NetworkError(info, 'the peer did not answer this request'));
    return undefined;
  }

  /** Ends all of them: the connection is gone. */
  end(): void {
    for (const requestId of [...this.byId.keys()]) {
      const error = new NetworkError({ code: 'PEER_GONE', peerId: this.peerId }, 'the peer went before it answered');
      this.take(requestId)?.reject(error);
    }
  }

  /** An answer that comes after its timeout is nobody's fault; one to a question never asked is. */
  private expect(requestId: number, topic: string): PendingRequest | 'UNASKED_ANSWER' | undefined {
    const request = this.byId.get(requestId);
    if (request === undefined) return requestId < this.nextId ? undefined : 'UNASKED_ANSWER';
    if (request.topic !== topic) return 'UNASKED_ANSWER';
    return this.take(requestId);
  }

  private take(requestId: number): PendingRequest | undefined {
    const request = this.byId.get(requestId);
    this.byId.delete(requestId);
    request?.release();
    return request;
  }
}
