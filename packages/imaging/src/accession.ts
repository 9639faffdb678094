/** The accession number of an instance and who issued it (PS3.3, 7.3.1 and C.7.2.1). */
import { readFirstItem } from './first-item.js';
import type { DataSetLayout } from './transfer-syntax.js';

/** Names an order. Numbers are unique within their issuer only. */
export interface Accession {
  /** 1 to 64 characters. */
  readonly number: string;
  /** Universal id of who issued it, else its local name; undefined when nothing names it. At most 64 characters. */
  readonly issuer: string | undefined;
}

const ACCESSION_NUMBER = 0x00080050;
const ISSUER_SEQUENCE = 0x00080051;
const LOCAL_NAMESPACE = 0x00400031;
const UNIVERSAL_ID = 0x00400032;

export const ACCESSION_ATTRIBUTES: ReadonlySet<number> = new Set([ACCESSION_NUMBER, ISSUER_SEQUENCE]);

/** @param values - raw values of `ACCESSION_ATTRIBUTES` */
export function accessionFrom(values: ReadonlyMap<number, Uint8Array>, layout: DataSetLayout): Accession | undefined {
  const item = readFirstItem(values.get(ISSUER_SEQUENCE) ?? new Uint8Array(0), layout, [LOCAL_NAMESPACE, UNIVERSAL_ID]);
  return accessionOf(
    textOf(values.get(ACCESSION_NUMBER)),
    textOf(item.get(UNIVERSAL_ID)) || textOf(item.get(LOCAL_NAMESPACE)),
  );
}

/** @returns undefined for an empty number, and for one that is none */
export function accessionOf(number: string, issuer: string): Accession | undefined {
  if (number === '' || number.length > 64 || issuer.length > 64) return undefined;
  return { number, issuer: issuer === '' ? undefined : issuer };
}

function textOf(value: Uint8Array | undefined): string {
  return Buffer.from(value ?? [])
    .toString('latin1')
    .replaceAll('\0', ' ')
    .trim();
}
