/** What an address asks for. Spec: docs/spec/dicomweb.md, sections 1 and 3. */

/** Whole numbers for paging; absent: all of them, from the first. */
export interface Page {
  readonly offset: number;
  readonly limit: number;
}

export type StudyResourceKind =
  | 'instances'
  | 'metadata'
  | 'search-series'
  | 'search-instances'
  | 'manifest'
  | 'file-set'
  | 'imaging-study'
  | 'bundle';

/** Something of one study; series and instance narrow it. */
export interface StudyResource {
  readonly kind: StudyResourceKind;
  readonly studyId: string;
  readonly seriesId: string | undefined;
  readonly instanceId: string | undefined;
  readonly page: Page;
}

export type Resource =
  | StudyResource
  | { readonly kind: 'search-studies'; readonly studyIds: readonly string[]; readonly page: Page };

/** Most studies of one search. */
const STUDY_IDS_MAX = 32;
const ID = /^[0-9a-f]{64}$/;
const FHIR: Readonly<Record<string, StudyResourceKind>> = { ImagingStudy: 'imaging-study', Bundle: 'bundle' };

/** @returns undefined when there is no such address; `bad-query` when its query is not one of ours: a filter that is passed over would widen the answer */
export function readResource(target: string): Resource | 'bad-query' | undefined {
  const [path = '', ...queries] = target.split('?');
  const [, root, ...segments] = path.split('/');
  if (queries.length > 1) return 'bad-query';
  const query = readQuery(queries[0] ?? '');
  if (root === 'dicom-web' && segments[0] === 'studies') {
    return segments.length === 1 ? searchStudies(query) : withQuery(readStudyPath(segments.slice(1)), query);
  }
  const [type = '', studyId = '', ...more] = segments;
  const kind = FHIR[type];
  if (root !== 'fhir' || kind === undefined || !ID.test(studyId) || more.length > 0) return undefined;
  return withQuery({ kind, studyId, seriesId: undefined, instanceId: undefined }, query);
}

/** Whether a path is of the kind that this module reads. */
export function isDicomwebPath(target: string): boolean {
  return /^\/(?:dicom-web|fhir)\//.test(target);
}

type StudyPath = Omit<StudyResource, 'page'>;

function readStudyPath(segments: readonly string[]): StudyPath | undefined {
  const [studyId = '', ...rest] = segments;
  if (!ID.test(studyId)) return undefined;
  const seriesId = takeId(rest, 'series');
  const instanceId = takeId(rest, 'instances');
  const place = { studyId, seriesId, instanceId };
  if (rest.length > 1) return undefined;
  switch (rest[0]) {
    case undefined:
      return { kind: 'instances', ...place };
    case 'metadata':
      return { kind: 'metadata', ...place };
    case 'instances':
      return instanceId === undefined ? { kind: 'search-instances', ...place } : undefined;
    case 'series':
      return (seriesId ?? instanceId) ? undefined : { kind: 'search-series', ...place };
    case 'manifest':
    case 'file-set':
      return (seriesId ?? instanceId) ? undefined : { kind: rest[0], ...place };
    default:
      return undefined;
  }
}

/** Takes `name/{id}` off the front. */
function takeId(segments: string[], name: string): string | undefined {
  if (segments[0] !== name || !ID.test(segments[1] ?? '')) return undefined;
  return segments.splice(0, 2)[1];
}

interface Query {
  readonly studyIds: readonly string[];
  readonly page: Page | undefined;
  readonly isRead: boolean;
}

function readQuery(text: string): Query {
  const studyIds: string[] = [];
  const numbers = new Map<string, number>();
  let isRead = true;
  for (const part of text === '' ? [] : text.split('&')) {
    const [name = '', value = ''] = part.split('=');
    if (name === 'studyId' && ID.test(value) && studyIds.length < STUDY_IDS_MAX) studyIds.push(value);
    else if ((name === 'limit' || name === 'offset') && /^\d{1,6}$/.test(value) && !numbers.has(name)) {
      numbers.set(name, Number(value));
      // Every attribute that we have is given whatever is asked to be included.
    } else if (name !== 'includefield') isRead = false;
  }
  const page =
    numbers.size === 0
      ? undefined
      : { offset: numbers.get('offset') ?? 0, limit: numbers.get('limit') ?? Number.POSITIVE_INFINITY };
  return { studyIds, page, isRead };
}

const WHOLE: Page = { offset: 0, limit: Number.POSITIVE_INFINITY };

function searchStudies({ studyIds, page, isRead }: Query): Resource | 'bad-query' {
  if (!isRead || studyIds.length === 0) return 'bad-query';
  return { kind: 'search-studies', studyIds: [...new Set(studyIds)], page: page ?? WHOLE };
}

function withQuery(path: StudyPath | undefined, { studyIds, page, isRead }: Query): Resource | 'bad-query' | undefined {
  if (path === undefined) return undefined;
  const isSearch = path.kind === 'search-series' || path.kind === 'search-instances';
  if (!isRead || studyIds.length > 0 || (page !== undefined && !isSearch)) return 'bad-query';
  return { ...path, page: page ?? WHOLE };
}
