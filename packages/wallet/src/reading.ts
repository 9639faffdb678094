/** Her own reading of a study, from its source, as its owner or delegate. Spec: docs/spec/dicomweb.md. */
import { createDicomwebClient } from '@radledger/client';
import { instanceIdOf, type Manifest } from '@radledger/transactions';
import { activeStudy } from './usable-study.js';
import type { CallOptions } from './views.js';
import type { WalletCore } from './wallet-core.js';

/** A study at its source. What comes is to be compared with the manifest: `@radledger/imaging/received`. */
export interface StudyReader {
  /** What the study is made of; the ledger commits to it. */
  readonly manifest: Manifest;
  /** Its series and what they hold, as the source tells: the FHIR R4 resource ImagingStudy, unchecked. */
  imagingStudy(options?: CallOptions): Promise<unknown>;
  /** One instance as a `multipart/related` answer, whose body the caller reads or cancels. */
  openInstance(sopInstanceUid: string, options: { readonly signal: AbortSignal }): Promise<Response>;
  /** The whole as one ZIP (docs/spec/file-set.md, section 4), whose body the caller reads or cancels. */
  openFileSet(options: { readonly signal: AbortSignal }): Promise<Response>;
}

/** See `Wallet.openStudy`. */
export async function openStudy(
  core: WalletCore,
  studyId: Uint8Array,
  options: CallOptions = {},
): Promise<StudyReader> {
  const { record, cell, secrets } = await activeStudy(core, studyId, options);
  const { api } = await core.source.gatewayOf(record, options.signal);
  const signer = await core.keys.ownerSigner(record.branch, record.keyIndex);
  const client = createDicomwebClient({ url: api, signer, now: () => core.now() });
  const { studySalt, contentSalt } = secrets;
  return {
    manifest: await client.manifest(studyId, { contentSalt, content: cell.content }, options),
    imagingStudy: (call) => client.imagingStudy(studyId, call),
    openInstance: (sopInstanceUid, { signal }) =>
      client.openInstances({ studyId, instanceId: instanceIdOf({ studySalt, sopInstanceUid }) }, { signal }),
    openFileSet: (call) => client.openFileSet(studyId, call),
  };
}
