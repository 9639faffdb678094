/** C-FIND: which studies, series and instances an archive has (PS3.4, C.4.1), and what a worklist holds (K.4.1). */
import { ImagingError } from '@radledger/imaging';
import { answerInvalid, refused } from './archive-errors.js';
import type { Association } from './association.js';
import { FIELD, isPending, isSuccess } from './command-set.js';
import { type Answer, decodeIdentifier, encodeIdentifier, type Identifier, TAGS } from './identifier.js';
import { IMPLICIT_LITTLE_ENDIAN, STUDY_ROOT_FIND } from './syntaxes.js';

const IDENTIFIER_BYTES_MAX = 256 * 1024;
/** Matches of one query; with them an archive that has no end is noticed. */
const MATCHES_MAX = 10_000_000;

/** The issuer of an accession number, as a key of a query. */
export const ISSUER_KEYS: Identifier = new Map([
  [TAGS.localNamespace, ''],
  [TAGS.universalId, ''],
]);

/** The accession number of a match, and who issued it: the universal id, else the local name. */
export function accessionIn(match: Answer): readonly [number: string, issuer: string] {
  const issuer = match.item(TAGS.accessionIssuer);
  const name = issuer?.text(TAGS.universalId) || issuer?.text(TAGS.localNamespace);
  return [match.text(TAGS.accessionNumber).trim(), name?.trim() ?? ''];
}

/**
 * The matches of a query in the Study Root model, each with a UID in `key`, and each UID once. Left early, the association is aborted.
 * @throws {ImagingError} `ARCHIVE_UNAVAILABLE` | `ARCHIVE_REFUSED` | `ARCHIVE_ANSWER_INVALID` | `INVALID_UID`
 */
export async function* find(
  association: Association,
  query: Identifier,
  key: number,
): AsyncGenerator<Answer, void, void> {
  const seen = new Set<string>();
  for await (const match of matchesOf(association, STUDY_ROOT_FIND, query)) {
    const uid = requireUid(match.text(key), key);
    if (seen.has(uid)) continue;
    seen.add(uid);
    yield match;
  }
}

/**
 * The matches of a query, as they come. Left early, the association is aborted.
 * @throws {ImagingError} `ARCHIVE_UNAVAILABLE` | `ARCHIVE_REFUSED` | `ARCHIVE_ANSWER_INVALID`
 */
export async function* matchesOf(
  association: Association,
  sopClassUid: string,
  query: Identifier,
): AsyncGenerator<Answer, void, void> {
  const context = association.contextOf(sopClassUid, IMPLICIT_LITTLE_ENDIAN);
  if (context === undefined) throw answerInvalid('find', 'expected an archive that answers this C-FIND');
  const messageId = association.nextMessageId();
  const command = { field: FIELD.findRequest, sopClassUid, messageId, priority: 0 };
  let isDone = false;
  try {
    await association.send(context.id, command, only(encodeIdentifier(query)));
    for (let matches = 0; matches < MATCHES_MAX; matches++) {
      const message = await association.receive();
      if (message === 'released') throw answerInvalid('find', 'expected an answer to the query');
      const { field, respondsTo, status = 0xffff } = message.command;
      if (field !== FIELD.findResponse || respondsTo !== messageId) {
        throw answerInvalid('find', 'expected an answer to the query');
      }
      const answer = message.dataSet === undefined ? undefined : await whole(message.dataSet);
      if (!isPending(status)) {
        isDone = true;
        if (isSuccess(status)) return;
        throw refused(status);
      }
      if (answer === undefined) throw answerInvalid('find', 'expected a match');
      yield decodeIdentifier(answer);
    }
    throw answerInvalid('matches', 'a query had no end');
  } finally {
    if (!isDone) association.abort();
  }
}

/** @throws {ImagingError} `INVALID_UID` */
export function requireUid(uid: string, tag: number): string {
  if (uid.length <= 64 && /^[0-9]+(\.[0-9]+)*$/.test(uid)) return uid;
  const hex = tag.toString(16).padStart(8, '0');
  const info = { code: 'INVALID_UID', tag: `${hex.slice(0, 4)},${hex.slice(4)}` } as const;
  throw new ImagingError(info, 'expected at most 64 digits and dots');
}

/** The UID of one instance and what is above it. */
export interface InstanceAddress {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
  /** Absent when the archive does not tell it: the standard leaves that open. */
  readonly sopClassUid: string | undefined;
}

/** The instances of a study, series by series: archives need not answer across series. */
export async function* instancesOf(
  association: Association,
  studyInstanceUid: string,
): AsyncGenerator<InstanceAddress, void, void> {
  const ofStudy: [number, string][] = [[TAGS.studyInstanceUid, requireUid(studyInstanceUid, TAGS.studyInstanceUid)]];
  const series: string[] = [];
  const allSeries = new Map([...ofStudy, [TAGS.queryRetrieveLevel, 'SERIES'], [TAGS.seriesInstanceUid, '']]);
  for await (const match of find(association, allSeries, TAGS.seriesInstanceUid)) {
    series.push(match.text(TAGS.seriesInstanceUid));
  }
  for (const seriesInstanceUid of series) {
    const query = new Map([
      ...ofStudy,
      [TAGS.queryRetrieveLevel, 'IMAGE'],
      [TAGS.seriesInstanceUid, seriesInstanceUid],
      [TAGS.sopInstanceUid, ''],
      [TAGS.sopClassUid, ''],
    ]);
    for await (const match of find(association, query, TAGS.sopInstanceUid)) {
      const told = match.text(TAGS.sopClassUid);
      const sopClassUid = told === '' ? undefined : requireUid(told, TAGS.sopClassUid);
      yield { studyInstanceUid, seriesInstanceUid, sopInstanceUid: match.text(TAGS.sopInstanceUid), sopClassUid };
    }
  }
}

export async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

async function whole(dataSet: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of dataSet) {
    bytes += chunk.length;
    if (bytes > IDENTIFIER_BYTES_MAX) throw answerInvalid('identifier-size', 'expected a match of a few attributes');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
