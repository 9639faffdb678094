/** The one block that a reader or a new node believes without proof. Spec: docs/spec/light-client.md, section 1. */
import { fromHex, toHex } from '@radledger/primitives';
import { ChainError } from '../errors.js';
import type { Header } from '../header.js';

/** A boundary block, or genesis: height and id, from somebody the reader trusts. */
export interface Checkpoint {
  readonly height: number;
  /** 32 bytes. */
  readonly id: Uint8Array;
}

/** 28 days: the voters of an older epoch may have lost or sold their keys since. */
export const CHECKPOINT_AGE_MAX_MS = 28 * 86_400_000;

/** `height:id`, the id as 64 lower-case hex digits. */
export function formatCheckpoint({ height, id }: Checkpoint): string {
  return `${height}:${toHex(id)}`;
}

/** @throws {ChainError} `MALFORMED` */
export function parseCheckpoint(text: string): Checkpoint {
  const parts = /^(0|[1-9][0-9]{0,14}):([0-9a-f]{64})$/.exec(text);
  if (parts === null) {
    throw new ChainError(
      { code: 'MALFORMED', format: 'checkpoint' },
      'expected height:id, the id as 64 lower-case hex',
    );
  }
  return { height: Number(parts[1]), id: fromHex(parts[2] as string) };
}

/**
 * Refuses a checkpoint that is too old to be believed: keys of voters that left long ago could sign another history.
 * @throws {ChainError} `CHECKPOINT_TOO_OLD`
 */
export function validateCheckpointAge(
  header: Pick<Header, 'timestampMs'>,
  options: { readonly nowMs: number; readonly ageMaxMs?: number },
): void {
  const { nowMs, ageMaxMs = CHECKPOINT_AGE_MAX_MS } = options;
  const ageMs = nowMs - header.timestampMs;
  if (ageMs <= ageMaxMs) return;
  throw new ChainError(
    { code: 'CHECKPOINT_TOO_OLD', ageMs, ageMaxMs },
    'expected a newer checkpoint: ask somebody you trust for the newest one',
  );
}
