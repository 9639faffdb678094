/** QIDO-RS: which studies and instances an archive has (PS3.18, section 10.6). */
import { ImagingError } from '@radledger/imaging';
import { type ArchiveHttp, answerInvalid, readJson, refuse } from './archive-http.js';

/** Archives give fewer where they will. Orthanc walks to an offset, so many small pages cost it more than a few large ones. */
const PAGE = 1_000;
const PAGE_BYTES_MAX = 16 * 1024 * 1024;
/** Pages of one query; with them an archive that has no end is noticed. */
const PAGES_MAX = 50_000;
/** Pages without news in one query: an archive that loses studies faster than it lists them is listed as well as can be. */
const DETOURS_MAX = 32;

export const TAGS = {
  accessionNumber: '00080050',
  accessionIssuer: '00080051',
  localNamespace: '00400031',
  universalId: '00400032',
  sopInstanceUid: '00080018',
  studyInstanceUid: '0020000D',
  seriesInstanceUid: '0020000E',
  studyInstances: '00201208',
} as const;

/** One match: DICOM JSON attributes by tag. */
export type Match = Readonly<Record<string, unknown>>;

/**
 * All matches of a query, page by page; each has a UID in `key`, and each is given once. A page that repeats one UID is refused. What is
 * there all the time is not missed when the archive takes something in, or lets something go, meanwhile: each page begins with the last
 * match of the page before, and where it does not, the page before is read again.
 * @param path - with `?` and a filter
 * @param identityOf - what tells one match from another; default `key`
 * @throws {ImagingError} `ARCHIVE_ANSWER_INVALID` | `ARCHIVE_REFUSED` | `ARCHIVE_UNAVAILABLE`
 */
export async function* matchesOf(
  http: ArchiveHttp,
  path: string,
  key: string,
  identityOf: (match: Match) => string = (match) => keyOf(match, key),
): AsyncGenerator<Match, void, void> {
  const seen = new Set<string>();
  let offset = 0;
  let before: readonly string[] = [];
  let detours = 0;
  let repeats = 0;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    // An archive that gives one match a page has none to spare.
    const overlap = offset > 0 && before.length > 1 ? 1 : 0;
    const matches = await pageOf(http, `${path}&limit=${PAGE}&offset=${offset - overlap}`);
    if (new Set(matches.map((match) => keyOf(match, key))).size !== matches.length) {
      throw answerInvalid('duplicate', `expected each ${key} once in a page`);
    }
    const page = matches.map(identityOf);
    if (overlap === 1 && !seen.has(page[0] ?? '') && detours < DETOURS_MAX) {
      detours += 1;
      repeats = 0;
      offset = Math.max(0, offset - before.length);
      continue;
    }
    const added = matches.filter((match) => !seen.has(identityOf(match)));
    for (const match of added) seen.add(identityOf(match));
    yield* added;
    // Archives may give fewer than asked for. One that knows no offset repeats itself; one that took something in may, once.
    repeats = page.join() === before.join() ? repeats + 1 : 0;
    const isEnd = page.length === overlap || repeats > overlap || detours === DETOURS_MAX;
    if (added.length === 0 && isEnd) return;
    if (added.length === 0) detours += 1;
    before = page;
    offset += page.length - overlap;
  }
  throw answerInvalid('pages', 'a query had no end');
}

function keyOf(match: Match, key: string): string {
  const value = textOf(match, key);
  if (value === undefined || value.length > 64) throw answerInvalid('match', `expected ${key} in every match`);
  return value;
}

async function pageOf(http: ArchiveHttp, path: string): Promise<readonly Match[]> {
  const response = await http.request({ method: 'GET', path, headers: { accept: 'application/dicom+json' } });
  if (response.status === 204) {
    await response.discard();
    return [];
  }
  if (response.status !== 200) return refuse(response);
  const matches = await readJson(response, PAGE_BYTES_MAX);
  if (!Array.isArray(matches) || !matches.every(isMatch))
    throw answerInvalid('matches', 'expected a list of data sets');
  return matches;
}

/** The first value of an attribute, when it is text. */
export function textOf(match: Match, tag: string): string | undefined {
  const value = firstValue(match, tag);
  return typeof value === 'string' ? value : undefined;
}

/** The first item of a sequence. */
export function itemOf(match: Match, tag: string): Match | undefined {
  const value = firstValue(match, tag);
  return isMatch(value) ? value : undefined;
}

/** The first value of an attribute, when it is a count; DICOM JSON writes IS as a number or as text. */
export function countOf(match: Match, tag: string): number | undefined {
  const value = Number(firstValue(match, tag) ?? Number.NaN);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export function isUid(text: string): boolean {
  return text.length <= 64 && /^[0-9]+(\.[0-9]+)*$/.test(text);
}

/** @throws {ImagingError} `INVALID_UID`: a UID of the archive is about to stand in an address */
export function requireUid(uid: string, tag: string): string {
  if (isUid(uid)) return uid;
  throw new ImagingError({ code: 'INVALID_UID', tag }, 'expected at most 64 digits and dots');
}

function firstValue(match: Match, tag: string): unknown {
  return valuesOf(match, tag)[0];
}

function valuesOf(match: Match, tag: string): readonly unknown[] {
  const attribute = match[tag];
  if (!isMatch(attribute)) return [];
  const values = attribute['Value'];
  return Array.isArray(values) ? values : [];
}

function isMatch(value: unknown): value is Match {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
