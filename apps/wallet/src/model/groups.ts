/** In which order pictures are shown: as the source tells, who may leave nothing out and add nothing. */
import type { StudyReader } from '@radledger/wallet';

/** What was made in one go, in its order. */
export interface Group {
  readonly name: string | undefined;
  readonly sopInstanceUids: readonly string[];
}

const NAME_LENGTH_MAX = 64;

/** @param imagingStudy - FHIR R4, unchecked */
export function arrangedIn(manifest: StudyReader['manifest'], imagingStudy: unknown): readonly Group[] {
  const left = new Set(manifest.map(({ sopInstanceUid }) => sopInstanceUid));
  const groups = listIn(imagingStudy, 'series').map((series): Group => {
    const numbered = listIn(series, 'instance').flatMap((instance) => {
      const { uid, number } = instance as { readonly uid?: unknown; readonly number?: unknown };
      return typeof uid === 'string' && left.delete(uid) ? [{ uid, number: Number(number ?? 0) || 0 }] : [];
    });
    const { description } = series as { readonly description?: unknown };
    return {
      name: typeof description === 'string' ? description.slice(0, NAME_LENGTH_MAX) : undefined,
      sopInstanceUids: numbered.sort((a, b) => a.number - b.number).map(({ uid }) => uid),
    };
  });
  const unnamed: Group = { name: undefined, sopInstanceUids: [...left] };
  return [...groups, unnamed].filter(({ sopInstanceUids }) => sopInstanceUids.length > 0);
}

function listIn(value: unknown, name: string): readonly object[] {
  const list = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  return Array.isArray(list)
    ? list.filter((item: unknown): item is object => typeof item === 'object' && item !== null)
    : [];
}
