/**
 * Everything that a gateway stores, opened: the records of its database and the lines of its audit trail, and what leads from one value to
 * another through them.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CanonicalValue, decodeCanonical, toHex, utf8 } from '@radledger/primitives';
import type { ExchangeDatabase, SecretBox } from '../src/index.js';

/** One record or line: its name, and every byte of it in clear. */
export interface Artefact {
  readonly name: string;
  readonly bytes: Buffer;
  /** Ids, keys, digests and times in it: what it may share with another. */
  readonly links: ReadonlySet<string>;
  /** As it lies in the database. */
  readonly stored: Uint8Array;
}

const TIME_MS = 1_000_000_000_000;
const RECORD_BYTES_MAX = 4 * 1_048_576;

export async function openRecords(database: ExchangeDatabase, secretBox: SecretBox): Promise<readonly Artefact[]> {
  const found: Artefact[] = [];
  const all = database.iterator<string, Uint8Array>({ keyEncoding: 'utf8', valueEncoding: 'view' });
  for await (const [key, stored] of all) {
    const plaintext = await secretBox.open(key, stored);
    const links = new Set(key.split(/[/.]/).filter((part) => /^[0-9a-f]{32,}$/.test(part)));
    collect(plaintext, links);
    found.push({ name: key, bytes: Buffer.concat([utf8(key), plaintext]), links, stored });
  }
  return found;
}

export async function openTrail(folder: string): Promise<readonly Artefact[]> {
  const found: Artefact[] = [];
  for (const file of (await readdir(folder)).filter((name) => /^\d.*\.jsonl$/.test(name))) {
    const lines = (await readFile(join(folder, file), 'utf8')).split('\n').filter((line) => line !== '');
    for (const line of lines) {
      const { number, atMs, event } = JSON.parse(line) as { number: number; atMs: number; event: object };
      const links = new Set(JSON.stringify(event).match(/[0-9a-f]{32,}/g) ?? []);
      links.add(String(atMs));
      found.push({ name: `${file}:${number}`, bytes: Buffer.from(line), links, stored: utf8(line) });
    }
  }
  return found;
}

/** Names of the artefacts that lead from one of `from` to one of `to`, in any number of steps; none when nothing does. */
export function pathBetween(
  artefacts: readonly Artefact[],
  from: readonly (string | Uint8Array)[],
  to: readonly (string | Uint8Array)[],
  /** What stands everywhere: the source's own names. */
  common: readonly Uint8Array[],
): readonly string[] {
  const ignored = new Set(common.map(toHex));
  let reached: { readonly artefact: Artefact; readonly path: readonly string[] }[] = artefacts
    .filter((artefact) => holdsAny(artefact, from))
    .map((artefact) => ({ artefact, path: [artefact.name] }));
  const seen = new Set(reached.map(({ artefact }) => artefact));
  while (reached.length > 0) {
    const end = reached.find(({ artefact }) => holdsAny(artefact, to));
    if (end !== undefined) return end.path;
    reached = reached.flatMap(({ artefact, path }) => {
      const shared = [...artefact.links].filter((link) => !ignored.has(link));
      const next = artefacts.filter((other) => !seen.has(other) && shared.some((link) => other.links.has(link)));
      for (const other of next) seen.add(other);
      return next.map((other) => ({ artefact: other, path: [...path, other.name] }));
    });
  }
  return [];
}

/** In binary, or written in hex. */
export function holdsAny({ bytes }: Artefact, values: readonly (string | Uint8Array)[]): boolean {
  return values.some((value) =>
    typeof value === 'string'
      ? bytes.includes(value)
      : bytes.includes(Buffer.from(value)) || bytes.includes(toHex(value)),
  );
}

function collect(encoded: Uint8Array, links: Set<string>): void {
  let value: CanonicalValue;
  try {
    value = decodeCanonical(encoded, { bytesMax: RECORD_BYTES_MAX });
  } catch {
    return; // no canonical bytes: an id, or something sealed
  }
  const walk = (item: CanonicalValue): void => {
    if (item instanceof Uint8Array) {
      if (item.length >= 16 && item.length <= 64) links.add(toHex(item));
      collect(item, links);
    } else if (typeof item === 'string') {
      if (/^[0-9a-f]{32,}$/.test(item)) links.add(item);
    } else if (typeof item === 'number') {
      if (item > TIME_MS) links.add(String(item));
    } else if (Array.isArray(item)) for (const part of item) walk(part as CanonicalValue);
  };
  walk(value);
}
