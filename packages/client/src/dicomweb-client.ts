/** Reads what a key may read over DICOMweb: for viewers and a patient's own app. Spec: docs/spec/dicomweb.md. */
import { signHttpRequest } from '@radledger/handover';
import { equalBytes, type Signer, toHex } from '@radledger/primitives';
import { contentOf, decodeManifest, type Manifest } from '@radledger/transactions';
import { ClientError } from './errors.js';
import { Http, type HttpOptions } from './http.js';

export interface DicomwebClientOptions extends Omit<HttpOptions, 'bearerToken'> {
  /** The key that reads: of the owner, her delegate, or a recipient with a live grant. */
  readonly signer: Signer;
  /** The clock, Unix ms; default the system's. */
  readonly now?: () => number;
}

/** A study, or one series or instance of it by their names in addresses (`seriesIdOf`, `instanceIdOf`). */
export interface DicomwebTarget {
  readonly studyId: Uint8Array;
  readonly seriesId?: Uint8Array;
  readonly instanceId?: Uint8Array;
}

interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Every call signs one request of its own. Data sets are in the DICOM JSON Model. */
export interface DicomwebClient {
  readonly url: string;
  /** On study level, one entry for each that may be read; the others are left out. @param studyIds - 1 to 32 */
  studies(studyIds: readonly Uint8Array[], options?: CallOptions): Promise<unknown>;
  series(studyId: Uint8Array, options?: CallOptions): Promise<unknown>;
  instances(target: Omit<DicomwebTarget, 'instanceId'>, options?: CallOptions): Promise<unknown>;
  metadata(target: DicomwebTarget, options?: CallOptions): Promise<unknown>;
  /** The FHIR R4 resource. */
  imagingStudy(studyId: Uint8Array, options?: CallOptions): Promise<unknown>;
  /**
   * What the study is made of, checked against the ledger.
   * @param expected - from the grant notice or claim, and from the study's proven cell
   * @throws {ClientError} `MALFORMED_RESPONSE` also when it is not what the ledger commits to
   */
  manifest(
    studyId: Uint8Array,
    expected: { readonly contentSalt: Uint8Array; readonly content: Uint8Array },
    options?: CallOptions,
  ): Promise<Manifest>;
  /** The instances as they are stored, as a `multipart/related` answer whose body the caller reads or cancels. */
  openInstances(target: DicomwebTarget, options: { readonly signal: AbortSignal }): Promise<Response>;
  /** The whole study as one ZIP (docs/spec/file-set.md, section 4), whose body the caller reads or cancels. */
  openFileSet(studyId: Uint8Array, options: { readonly signal: AbortSignal }): Promise<Response>;
}

const STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const METADATA_BYTES_MAX = 256 * 1024 * 1024;
const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;

/**
 * @param options.url - the gateway's patient-facing API, or the source's base URL with a `fetch` that knows the pin; the calls throw
 *   {ClientError} `REFUSED` with status 401 for a signature, 404 for whatever may not be read
 */
export function createDicomwebClient(options: DicomwebClientOptions): DicomwebClient {
  const { signer, now = Date.now } = options;
  const http = new Http(options);

  const signed = async (path: string, accept: string): Promise<Record<string, string>> => ({
    ...(await signHttpRequest({ method: 'GET', url: http.url + path, signer, nowMs: now() })),
    accept,
  });
  const json = async (
    path: string,
    { signal }: CallOptions = {},
    accept = 'application/dicom+json',
  ): Promise<unknown> =>
    http.json(path, { signal, headers: await signed(path, accept), responseBytesMax: METADATA_BYTES_MAX });

  return {
    url: http.url,
    studies: (studyIds, call) =>
      json(`/dicom-web/studies?${studyIds.map((studyId) => `studyId=${toHex(studyId)}`).join('&')}`, call),
    series: (studyId, call) => json(`${pathOf({ studyId })}/series`, call),
    instances: (target, call) => json(`${pathOf(target)}/instances`, call),
    metadata: (target, call) => json(`${pathOf(target)}/metadata`, call),
    imagingStudy: (studyId, call) => json(`/fhir/ImagingStudy/${toHex(studyId)}`, call, 'application/fhir+json'),
    async manifest(studyId, { contentSalt, content }, { signal } = {}) {
      const path = `${pathOf({ studyId })}/manifest`;
      const headers = await signed(path, 'application/octet-stream');
      const encoded = await http.octets(path, { signal, headers, responseBytesMax: MANIFEST_BYTES_MAX });
      const manifest = readManifest(encoded);
      if (equalBytes(contentOf({ contentSalt, manifest }), content)) return manifest;
      throw new ClientError({ code: 'MALFORMED_RESPONSE', field: 'manifest' }, 'not what the ledger commits to');
    },
    async openInstances(target, { signal }) {
      const path = pathOf(target);
      return http.stream(path, { signal, headers: await signed(path, STORED) });
    },
    async openFileSet(studyId, { signal }) {
      const path = `${pathOf({ studyId })}/file-set`;
      return http.stream(path, { signal, headers: await signed(path, 'application/zip') });
    },
  };
}

function pathOf({ studyId, seriesId, instanceId }: DicomwebTarget): string {
  const series = seriesId === undefined ? '' : `/series/${toHex(seriesId)}`;
  const instance = instanceId === undefined ? '' : `/instances/${toHex(instanceId)}`;
  return `/dicom-web/studies/${toHex(studyId)}${series}${instance}`;
}

function readManifest(encoded: Uint8Array): Manifest {
  try {
    return decodeManifest(encoded);
  } catch (cause) {
    throw new ClientError({ code: 'MALFORMED_RESPONSE', field: 'manifest' }, 'not a manifest', { cause });
  }
}
