/** QIDO-RS: which studies and instances an archive has (PS3.18, section 10.6). */
import { ImagingError } from '@radledger/imaging';
import { type ArchiveHttp, answerInvalid, readJson, refuse } from './archive-http.js';

const PAGE = 200;
const PAGE_BYTES_MAX = 16 * 1024 * 1024;
/** Pages of one query; with them an archive that has no end is noticed. */
const PAGES_MAX = 50_000;

export const TAGS = {
  sopInstanceUid: '00080018',
  studyInstanceUid: '0020000D',
  seriesInstanceUid: '0020000E',
  studyInstances: '00201208',
} as const;

/** One match: DICOM JSON attributes by tag. */
export type Match = Readonly<Record<string, unknown>>;

/**
 * All matches of a query, page by page; each has a UID in `key`. A page that repeats one UID is refused. What a page repeats of the
 * page before is left out: the archive took something in meanwhile, or it knows no offset.
 * @param path - with `?` and a filter
 * @throws {ImagingError} `ARCHIVE_ANSWER_INVALID` | `ARCHIVE_REFUSED` | `ARCHIVE_UNAVAILABLE`
 */
export async function* matchesOf(http: ArchiveHttp, path: string, key: string): AsyncGenerator<Match, void, void> {
  let before: ReadonlySet<string> = new Set();
  let offset = 0;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await pageOf(http, `${path}&limit=${PAGE}&offset=${offset}`);
    const values = new Set(page.map((match) => keyOf(match, key)));
    if (values.size !== page.length) throw answerInvalid('duplicate', `expected each ${key} once in a page`);
    const added = page.filter((match) => !before.has(keyOf(match, key)));
    yield* added;
    // Archives may give fewer than asked for; one that knows no offset repeats itself.
    if (added.length === 0) return;
    before = values;
    offset += page.length;
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
