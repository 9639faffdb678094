/** Filing in an archive that takes each instance by itself and knows no transaction, as a PACS does. */
import { ImagingError } from './errors.js';
import type { FiledStudy } from './pacs-connector.js';
import type { QuarantinedInstance, QuarantinedStudy } from './quarantined-study.js';

/** One study in such an archive. */
export interface InstanceArchive<Listed extends { readonly sopInstanceUid: string }> {
  /** What the archive calls the place of the study. */
  readonly location: string;
  /** The instances of the study that it has by now; none for a study that it does not know. */
  list(): Promise<readonly Listed[]>;
  /**
   * Whether it gives back what it would have been given, as far as it is asked.
   * @param index - of `instance` in its study, for errors
   */
  isHeld(listed: Listed, index: number, instance: QuarantinedInstance): Promise<boolean>;
  /** Sends instances. What the archive says of each need not be believed: it is asked for it afterwards. */
  store(instances: readonly QuarantinedInstance[]): Promise<void>;
}

/**
 * Sends what the archive does not have, and asks it for that again. What it took before it broke off stays in it until the next try
 * completes the study.
 * @throws {ImagingError} `STUDY_CONFLICT` when it holds something else under a UID of the study: nothing is sent then |
 *   `FILING_INCOMPLETE` when it does not hold what it was sent; and what the archive throws
 */
export async function fileByInstance<Listed extends { readonly sopInstanceUid: string }>(
  { instances }: QuarantinedStudy,
  archive: InstanceArchive<Listed>,
): Promise<FiledStudy> {
  const { location } = archive;
  const { missing, others } = await compare(instances, archive);
  if (others > 0) {
    const info = { code: 'STUDY_CONFLICT', instances: others } as const;
    throw new ImagingError(info, 'the archive holds other instances under UIDs of this study: nothing was filed');
  }
  if (missing.length === 0) return { location, written: false };
  await archive.store(missing);
  const after = await compare(missing, archive);
  const left = after.missing.length + after.others;
  if (left === 0) return { location, written: true };
  const message = 'the archive does not give back what it was given: look at its log, or at what it is asked for';
  throw new ImagingError({ code: 'FILING_INCOMPLETE', missing: left }, message);
}

async function compare<Listed extends { readonly sopInstanceUid: string }>(
  instances: readonly QuarantinedInstance[],
  archive: InstanceArchive<Listed>,
): Promise<{ readonly missing: readonly QuarantinedInstance[]; readonly others: number }> {
  const listed = new Map((await archive.list()).map((each) => [each.sopInstanceUid, each]));
  const missing: QuarantinedInstance[] = [];
  let others = 0;
  for (const [index, instance] of instances.entries()) {
    const found = listed.get(instance.sopInstanceUid);
    if (found === undefined) missing.push(instance);
    else if (!(await archive.isHeld(found, index, instance))) others += 1;
  }
  return { missing, others };
}
