/** What is answered about one opened study. Spec: docs/spec/dicomweb.md, sections 3 to 5. */
import { manifestOf, serveFileSet, type StudySnapshot } from '@radledger/imaging';
import { toHex, utf8 } from '@radledger/primitives';
import { encodeManifest } from '@radledger/transactions';
import type { OpenedStudy } from '../source/open-study.js';
import { imagingManifest, imagingStudy } from './imaging-study.js';
import { instanceParts } from './instance-parts.js';
import { bySeries, namedEntries, type NamedEntry, selectEntries } from './named-entries.js';
import { instanceAttributes, seriesAttributes, studyAttributes } from './query-attributes.js';
import type { StudyResource } from './resource.js';
import { type NamedMetadata, storedMetadata } from './stored-metadata.js';

export const DICOM_JSON = 'application/dicom+json';
const FHIR_JSON = 'application/fhir+json';

export interface DicomwebAnswer {
  readonly contentType: string;
  /** Exact, where it is known before. */
  readonly sizeBytes?: number;
  bytes(openSnapshot: () => Promise<StudySnapshot>): AsyncIterable<Uint8Array>;
}

/** @param dicomwebUrl - `<base URL>/dicom-web` @returns undefined when the study has no such series or instance */
export function answerOf(
  opened: OpenedStudy,
  resource: StudyResource,
  dicomwebUrl: string,
): DicomwebAnswer | undefined {
  const named = namedEntries(opened);
  const selected = selectEntries(named, resource);
  if (selected.length === 0) return undefined;
  const urls = urlsOf(opened, dicomwebUrl);
  const { offset, limit } = resource.page;
  switch (resource.kind) {
    case 'instances':
      return instanceParts(opened, selected, urls.instance);
    case 'metadata':
      return jsonArray((snapshot) =>
        mapped(storedMetadata(opened, snapshot, selected), ({ json, ...one }) => ({
          ...json,
          '00081190': { vr: 'UR', Value: [urls.instance(one)] },
        })),
      );
    case 'search-instances': {
      const page = selected.slice(offset, offset + limit);
      return jsonArray((snapshot) =>
        mapped(storedMetadata(opened, snapshot, page), (one) => instanceAttributes(one, urls.instance(one))),
      );
    }
    case 'search-series': {
      const page = bySeries(named).slice(offset, offset + limit);
      const counts = new Map(page.map(([first, ...others]) => [first.seriesId, 1 + others.length]));
      return jsonArray((snapshot) =>
        mapped(firstsOf(opened, snapshot, page), (one) =>
          seriesAttributes(one, counts.get(one.seriesId) ?? 0, urls.series(one)),
        ),
      );
    }
    case 'manifest': {
      const manifest = encodeManifest(manifestOf(opened.plan));
      return {
        contentType: 'application/octet-stream',
        sizeBytes: manifest.length,
        async *bytes() {
          yield manifest;
        },
      };
    }
    case 'file-set':
      return {
        contentType: 'application/zip',
        sizeBytes: opened.plan.zipBytes,
        async *bytes(openSnapshot) {
          yield* serveFileSet(opened.plan, await openSnapshot());
        },
      };
    case 'imaging-study':
    case 'bundle': {
      const make = resource.kind === 'bundle' ? imagingManifest : imagingStudy;
      return {
        contentType: FHIR_JSON,
        async *bytes(openSnapshot) {
          const firsts = await collected(firstsOf(opened, await openSnapshot(), bySeries(named)));
          yield utf8(JSON.stringify(make({ opened, named, firsts, url: urls.study })));
        },
      };
    }
  }
}

/** The one entry that a search over studies has for this one. */
export async function* studyEntry(
  opened: OpenedStudy,
  dicomwebUrl: string,
  openSnapshot: () => Promise<StudySnapshot>,
): AsyncIterable<Uint8Array> {
  const named = namedEntries(opened);
  const firsts = await collected(firstsOf(opened, await openSnapshot(), bySeries(named)));
  yield utf8(JSON.stringify(studyAttributes(firsts, named, urlsOf(opened, dicomwebUrl).study)));
}

function firstsOf(
  opened: OpenedStudy,
  snapshot: StudySnapshot,
  series: readonly (readonly [NamedEntry, ...NamedEntry[]])[],
): AsyncIterable<NamedMetadata> {
  return storedMetadata(
    opened,
    snapshot,
    series.map(([first]) => first),
  );
}

function urlsOf({ study }: OpenedStudy, dicomwebUrl: string) {
  const studyUrl = `${dicomwebUrl}/studies/${toHex(study.studyId)}`;
  const series = ({ seriesId }: NamedEntry): string => `${studyUrl}/series/${seriesId}`;
  return {
    study: studyUrl,
    series,
    instance: (one: NamedEntry): string => `${series(one)}/instances/${one.instanceId}`,
  };
}

function jsonArray(items: (snapshot: StudySnapshot) => AsyncIterable<object>): DicomwebAnswer {
  return {
    contentType: DICOM_JSON,
    async *bytes(openSnapshot) {
      let opening = '[';
      for await (const item of items(await openSnapshot())) {
        yield utf8(opening + JSON.stringify(item));
        opening = ',';
      }
      yield utf8(opening === '[' ? '[]' : ']');
    },
  };
}

async function* mapped<T, U>(items: AsyncIterable<T>, map: (item: T) => U): AsyncIterable<U> {
  for await (const item of items) yield map(item);
}

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
