/** The last step of every import: judged instances become a study that is the promised one. Spec: docs/spec/file-set.md, section 6. */
import { ImagingError } from './errors.js';
import type { ImportPolicy } from './import-policy.js';
import type { InspectedInstance } from './instance-inspector.js';
import type { JudgedInstance } from './instance-judge.js';
import type { ImportLimits } from './limits.js';
import { createManifest, type Manifest } from './manifest.js';
import { Quarantine } from './quarantine.js';
import type { QuarantinedStudy } from './quarantined-study.js';

export interface AdmissionOptions {
  readonly limits?: Partial<ImportLimits>;
  readonly policy?: Partial<ImportPolicy>;
  /** Ends the judging; its reason is thrown. The streams are the caller's to end. */
  readonly signal?: AbortSignal;
  /** What the ledger and the sender promised. */
  readonly expected?: {
    readonly studyInstanceUid?: string;
    /** Of the whole ZIP, where the study comes as one. */
    readonly zipSha256?: Uint8Array;
    /** True when the manifest is the one that the ledger's content commitment covers. */
    readonly isCommitted?: (manifest: Manifest, studyInstanceUid: string) => boolean | Promise<boolean>;
  };
}

/**
 * @param received - every instance of the study, judged, and where all of them lie
 * @throws {ImagingError} `EMPTY_STUDY` | `MIXED_STUDIES` | `DUPLICATE_INSTANCE` | `UNEXPECTED_STUDY` | `CONTENT_MISMATCH`
 */
export async function admitStudy(
  received: { readonly folder: string; readonly instances: readonly JudgedInstance[]; readonly limits: ImportLimits },
  { expected }: Pick<AdmissionOptions, 'expected'>,
): Promise<QuarantinedStudy> {
  const { folder, instances, limits } = received;
  const study = checkStudy(instances.map(({ facts }) => facts));
  if (expected?.studyInstanceUid !== undefined && expected.studyInstanceUid !== study.studyInstanceUid) {
    throw new ImagingError({ code: 'UNEXPECTED_STUDY' }, 'the file-set holds the study that was asked for');
  }
  if (expected?.isCommitted && !(await expected.isCommitted(study.manifest, study.studyInstanceUid))) {
    throw new ImagingError({ code: 'CONTENT_MISMATCH' }, 'the manifest is the one that the ledger commits to');
  }
  return new Quarantine(folder, { ...study, judged: instances }, limits);
}

function checkStudy(instances: readonly InspectedInstance[]): { studyInstanceUid: string; manifest: Manifest } {
  const manifest = createManifest(
    instances.map(({ sopInstanceUid, transferSyntaxUid, dataSetSha256 }) => ({
      sopInstanceUid,
      transferSyntaxUid,
      sha256: dataSetSha256,
    })),
  );
  const studies = new Set(instances.map(({ studyInstanceUid }) => studyInstanceUid));
  const [studyInstanceUid] = studies;
  if (studyInstanceUid === undefined || studies.size > 1) {
    throw new ImagingError({ code: 'MIXED_STUDIES' }, 'a file-set holds one study');
  }
  return { studyInstanceUid, manifest };
}
