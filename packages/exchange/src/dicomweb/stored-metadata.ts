/** What the archive says of planned instances, as far as it is still the planned study. */
import { type DicomJson, ImagingError, plannedInstances, readMetadata, type StudySnapshot } from '@radledger/imaging';
import type { OpenedStudy } from '../source/open-study.js';
import type { NamedEntry } from './named-entries.js';

export interface NamedMetadata extends NamedEntry {
  readonly json: DicomJson;
}

/**
 * Metadata of instances, one after the other. Only the head of each is read, so that its hash cannot be checked; that study, series,
 * instance and class are the planned ones is.
 * @throws {ImagingError} what `readMetadata` throws; `INSTANCE_CHANGED` when the head is another instance's
 */
export async function* storedMetadata(
  { plan }: Pick<OpenedStudy, 'plan'>,
  snapshot: StudySnapshot,
  named: readonly NamedEntry[],
): AsyncGenerator<NamedMetadata, void, void> {
  const instances = plannedInstances(
    plan,
    snapshot,
    named.map(({ entry }) => entry),
  );
  for (const [index, { entry, stored }] of instances.entries()) {
    const json = await readMetadata(stored.open());
    const isPlanned =
      textOf(json, '0020000D') === plan.studyInstanceUid &&
      textOf(json, '0020000E') === entry.seriesInstanceUid &&
      textOf(json, '00080018') === entry.sopInstanceUid &&
      textOf(json, '00080016') === entry.sopClassUid;
    if (!isPlanned)
      throw new ImagingError({ code: 'INSTANCE_CHANGED', index }, 'the archive has another instance there');
    yield { ...(named[index] as NamedEntry), json };
  }
}

/** The first value of an attribute as text; undefined when it has none. */
export function textOf(json: DicomJson, tag: string): string | undefined {
  const value = json[tag]?.Value?.[0];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
