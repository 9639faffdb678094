import { encodingVectors } from './encoding-vectors.js';
import { studyVectors } from './study-vectors.js';
import { transactionVectors } from './transaction-vectors.js';
import type { VectorFile } from './vector-file.js';

export type { VectorCase, VectorFile } from './vector-file.js';

/** Every vector file, made by the packages themselves. */
export async function allVectors(): Promise<VectorFile[]> {
  return [...encodingVectors(), ...(await studyVectors()), await transactionVectors()];
}

/** The text of a vector file as it stands in the repository. */
export function vectorText(file: VectorFile): string {
  return `${JSON.stringify(file, null, 1)}\n`;
}
