/** The directory of sources as a node lists it. Spec: docs/spec/node-api.md, section 4. */
import { JsonReader, readHex } from './json-reader.js';

/** One source of the directory. */
export interface SourceEntry {
  /** The source id: its first key, for ever. */
  readonly id: Uint8Array;
  /** Its signing key now. */
  readonly signingKey: Uint8Array;
  /** Absent in a genesis source that is not defined yet, like `baseUrl`. */
  readonly name?: string;
  readonly baseUrl?: string;
  /** SHA-256 of the SubjectPublicKeyInfo of its TLS certificate; any of them matches. */
  readonly tlsPins: readonly Uint8Array[];
}

/** @throws {ClientError} `MALFORMED_RESPONSE` */
export function readSourceEntry(json: unknown, path: string): SourceEntry {
  const reader = new JsonReader(json, path);
  const endpoint = reader.isAbsent('endpoint') ? undefined : reader.object('endpoint');
  return {
    id: reader.bytes('id', 32),
    signingKey: reader.bytes('signingKey', 32),
    ...(endpoint === undefined ? {} : { name: endpoint.string('name', 64), baseUrl: endpoint.string('baseUrl', 256) }),
    tlsPins: endpoint === undefined ? [] : endpoint.list('tlsPins', (item, at) => readHex(item, at, 32)),
  };
}
