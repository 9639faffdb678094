/** Fetches the instances of a study that are not here yet. */
import type { StudyIntake } from '@radledger/imaging';
import { toHex } from '@radledger/primitives';
import { instanceIdOf, type Manifest, type ManifestEntry } from '@radledger/transactions';
import { ExchangeError } from '../errors.js';
import type { StudyRequests } from './study-requests.js';

/** Requests at a time. */
const REQUESTS_MAX = 4;

/**
 * When nothing is here, all of it by one request; else each instance that is missing by one of its own.
 * @throws {ExchangeError} `CONTENT_MISMATCH` when the source leaves out or adds an instance | `RETRIEVAL_REFUSED`; {ImagingError} what
 *   `receiveInstance` throws; {Iti43Error} the transport's
 */
export async function fetchMissing(options: {
  readonly manifest: Manifest;
  /** Names the instances in addresses. */
  readonly studySalt: Uint8Array;
  readonly intake: Pick<StudyIntake, 'missingOf' | 'receiveInstance'>;
  readonly requests: Pick<StudyRequests, 'instances'>;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { manifest, studySalt, intake, requests } = options;
  const missing = new Map<string, ManifestEntry>();
  for (const entry of await intake.missingOf(manifest)) {
    missing.set(toHex(instanceIdOf({ studySalt, sopInstanceUid: entry.sopInstanceUid })), entry);
  }
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);

  const fetchAll = async (): Promise<void> => {
    for await (const { instanceId = '', file } of requests.instances(undefined, signal)) {
      const entry = missing.get(instanceId);
      if (entry === undefined) throw mismatch();
      missing.delete(instanceId);
      await intake.receiveInstance(entry, file);
    }
    if (missing.size > 0) throw mismatch();
  };
  const fetchOne = async (instanceId: string, entry: ManifestEntry): Promise<void> => {
    let parts = 0;
    for await (const { file } of requests.instances(instanceId, signal)) {
      parts += 1;
      if (parts > 1) throw mismatch();
      await intake.receiveInstance(entry, file);
    }
    if (parts === 0) throw mismatch();
  };

  if (missing.size === manifest.length) return fetchAll();
  const queue = missing.entries();
  let failure: unknown;
  const work = async (): Promise<void> => {
    for (const [instanceId, entry] of queue) {
      if (failed.signal.aborted) return;
      try {
        await fetchOne(instanceId, entry);
      } catch (error) {
        // The first is the cause; the others end because of it.
        failure ??= error;
        failed.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_MAX }, work));
  if (failed.signal.aborted) throw failure;
}

function mismatch(): ExchangeError {
  return new ExchangeError({ code: 'CONTENT_MISMATCH' }, 'the source sends the instances of the manifest, each once');
}
