/** What this node tells of the ends of epochs. Spec: docs/spec/light-client.md, section 2. */
import { type BoundaryRecord, decodeEpochProof, encodeHeader } from '@radledger/chain';
import type { LedgerStore } from '@radledger/storage';

/** Records of boundaries from `fromEpoch` on (0: genesis) that fit into `bytesMax`; none when the first is not stored here. */
export async function storedBoundaries(
  store: Pick<LedgerStore, 'header' | 'finalityProof' | 'epochProof'>,
  range: {
    readonly fromEpoch: number;
    readonly limit: number;
    readonly epochHeights: number;
    readonly bytesMax: number;
  },
): Promise<readonly BoundaryRecord[]> {
  const records: BoundaryRecord[] = [];
  let room = range.bytesMax - 64;
  for (let epoch = range.fromEpoch; epoch < range.fromEpoch + range.limit; epoch += 1) {
    const height = epoch * range.epochHeights;
    if (!Number.isSafeInteger(height)) break;
    const [header, finality, proof] = await Promise.all([
      store.header(height),
      store.finalityProof(height),
      store.epochProof(height),
    ]);
    if (!header || !finality || !proof) break;
    const record = { header: encodeHeader(header), finality, ...decodeEpochProof(proof) };
    room -= record.header.length + finality.length + proof.length + 32;
    if (room < 0) break;
    records.push(record);
  }
  return records;
}
