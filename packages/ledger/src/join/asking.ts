/** Asking peers for what can be checked: a false answer costs its sender, and somebody else is asked. */
import { ChainError } from '@radledger/chain';
import { type Network, NetworkError, type PeerId } from '@radledger/network';
import { setTimeout as setTimer } from 'node:timers/promises';
import { LedgerError } from '../errors.js';
import type { LedgerLogger } from '../logger.js';

const REQUEST_TIMEOUT_MS = 10_000;
/** How long to wait for peers before those that failed are asked again. */
const RETRY_MS = 1_000;
const PENALTY_FALSE = 100;
const PENALTY_SILENT = 25;
const FAILURES_MAX = 3;

export interface Asking {
  /** Connected peers that have not failed three times since the last pause. */
  peers(): readonly PeerId[];
  /**
   * Asks one peer and reads its answer.
   * @param read - throws ChainError or `PEER_DATA_INVALID` when the answer is false
   * @returns undefined when it gave no answer or a false one
   */
  ask<T>(
    peer: PeerId,
    topic: string,
    request: Uint8Array,
    read: (answer: Uint8Array) => T | Promise<T>,
  ): Promise<T | undefined>;
  /** A peer turned out to have lied. */
  blame(peer: PeerId, rule: string): void;
  /** Waits for a new peer, or a second, and forgives failures. @throws the signal's reason */
  pause(): Promise<void>;
  readonly bytesReceived: number;
}

export function createAsking(options: {
  readonly network: Pick<Network, 'peers' | 'request' | 'penalise' | 'on'>;
  readonly answerBytesMax: number;
  readonly signal: AbortSignal;
  readonly logger: LedgerLogger;
}): Asking {
  const { network, signal, logger } = options;
  const failures = new Map<PeerId, number>();
  let bytesReceived = 0;

  function failed(peer: PeerId): void {
    failures.set(peer, (failures.get(peer) ?? 0) + 1);
  }

  function blame(peer: PeerId, rule: string): void {
    logger.warn({ peer, rule }, 'a peer sent a false part of the state or of the chain');
    network.penalise(peer, PENALTY_FALSE, rule);
    failures.set(peer, FAILURES_MAX);
  }

  return {
    get bytesReceived() {
      return bytesReceived;
    },
    peers: () =>
      network
        .peers()
        .map(({ peerId }) => peerId)
        .filter((peer) => (failures.get(peer) ?? 0) < FAILURES_MAX),
    async ask(peer, topic, request, read) {
      let answer: Uint8Array;
      try {
        answer = await network.request(peer, topic, request, {
          timeoutMs: REQUEST_TIMEOUT_MS,
          responseBytesMax: options.answerBytesMax,
          signal,
        });
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof NetworkError)) throw error;
        if (error.info.code === 'REQUEST_TIMEOUT') network.penalise(peer, PENALTY_SILENT, error.info.code);
        failed(peer);
        return undefined;
      }
      bytesReceived += answer.length;
      try {
        return await read(answer);
      } catch (error) {
        const rule = ruleOf(error);
        if (rule === undefined) throw error;
        blame(peer, rule);
        return undefined;
      }
    },
    blame,
    async pause() {
      const woken = new AbortController();
      const stop = network.on('peer', () => woken.abort());
      try {
        await setTimer(RETRY_MS, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => undefined);
      } finally {
        stop();
      }
      signal.throwIfAborted();
      failures.clear();
    },
  };
}

/** The rule that an answer broke; undefined for a fault that is not the sender's. */
function ruleOf(error: unknown): string | undefined {
  if (error instanceof LedgerError) return error.info.code === 'PEER_DATA_INVALID' ? error.info.rule : undefined;
  if (!(error instanceof ChainError) || error.info.code === 'STATE_BROKEN') return undefined;
  return error.info.code === 'BOUNDARY_INVALID' ? error.info.rule : error.info.code;
}
