import { blockVectors } from './block-vectors.js';
import { cellVectors } from './cell-vectors.js';
import { chainVectors } from './chain-vectors.js';
import { dicomwebVectors } from './dicomweb-vectors.js';
import { dutyVectors } from './duty-vectors.js';
import { electionVectors } from './election-vectors.js';
import { evidenceVectors } from './evidence-vectors.js';
import { encodingVectors } from './encoding-vectors.js';
import { fileSetVectors } from './file-set-vectors.js';
import { genesisVectors } from './genesis-vectors.js';
import { lightVectors } from './light-vectors.js';
import { linkVectors } from './link-vectors.js';
import { nodeVectors } from './node-vectors.js';
import { signatureVectors } from './signature-vectors.js';
import { simplexVectors } from './simplex-vectors.js';
import { stateTreeVectors } from './state-tree-vectors.js';
import { studyVectors } from './study-vectors.js';
import { transactionVectors } from './transaction-vectors.js';
import type { VectorFile } from './vector-file.js';
import { vaultVectors } from './vault-vectors.js';
import { walletVectors } from './wallet-vectors.js';

export type { VectorCase, VectorFile } from './vector-file.js';

/** Every vector file, made by the packages themselves. */
export async function allVectors(): Promise<VectorFile[]> {
  return [
    ...encodingVectors(),
    ...(await signatureVectors()),
    ...(await studyVectors()),
    await transactionVectors(),
    await genesisVectors(),
    ...cellVectors(),
    ...blockVectors(),
    ...(await stateTreeVectors()),
    await chainVectors(),
    ...electionVectors(),
    ...dutyVectors(),
    ...(await simplexVectors()),
    await lightVectors(),
    await evidenceVectors(),
    ...(await linkVectors()),
    await dicomwebVectors(),
    await walletVectors(),
    await vaultVectors(),
    await fileSetVectors(),
    ...(await nodeVectors()),
  ];
}

/** The text of a vector file as it stands in the repository. */
export function vectorText(file: VectorFile): string {
  return `${JSON.stringify(file, null, 1)}\n`;
}
