import {
  blockIdOf,
  encodeBody,
  encodeHeader,
  type Header,
  merkleRoot,
  proveInclusion,
  verifyInclusion,
} from '@radledger/chain';
import { sha256 } from '@radledger/primitives';
import { asJson, fill, type VectorFile } from './vector-file.js';

/** A header in which no two fields are equal. */
export function headerOf(changes: Partial<Header> = {}): Header {
  return {
    format: 1,
    chainId: fill(0xc1),
    height: 1_000,
    parentId: fill(1),
    timestampMs: 1_700_000_000_123,
    proposer: fill(2),
    transactionRoot: fill(3),
    stateRoot: fill(4),
    dutyRoot: fill(5),
    bodyBytes: 70_000,
    sealKind: 1,
    sealBytes: fill(6, 130),
    ...changes,
  };
}

export function blockVectors(): VectorFile[] {
  const headers: readonly (readonly [string, Header])[] = [
    ['a block', headerOf()],
    ['without seal', headerOf({ height: 0, sealKind: 0, sealBytes: new Uint8Array() })],
    ['longest seal', headerOf({ height: 2 ** 40, sealKind: 255, sealBytes: fill(7, 4_096) })],
  ];
  const bodies: readonly (readonly [string, readonly Uint8Array[], Uint8Array])[] = [
    ['empty', [], new Uint8Array()],
    ['three transactions', [fill(1, 5), fill(2, 255), fill(3, 256)], fill(4, 70)],
    ['sixteen transactions', Array.from({ length: 16 }, (_, index) => fill(index, 3)), new Uint8Array()],
  ];
  return [
    {
      name: 'headers',
      spec: 'blocks.md',
      cases: headers.map(([name, header]) => ({
        name,
        input: asJson(header),
        output: asJson({ bytes: encodeHeader(header), id: blockIdOf(header) }),
      })),
    },
    {
      name: 'bodies',
      spec: 'blocks.md',
      cases: bodies.map(([name, transactions, justification]) => ({
        name,
        input: asJson({ transactions, justification }),
        output: asJson({
          bytes: encodeBody({ transactions, justification }),
          transactionRoot: merkleRoot(transactions),
        }),
      })),
    },
    {
      name: 'inclusion',
      spec: 'blocks.md',
      cases: [1, 2, 3, 4, 5, 7, 8, 9, 13].map((size) => {
        const leaves = Array.from({ length: size }, (_, index) =>
          sha256(Uint8Array.of(size, index)).slice(0, index + 1),
        );
        const root = merkleRoot(leaves);
        const proofs = leaves.map((_, index) => proveInclusion(leaves, index));
        for (const [index, proof] of proofs.entries()) {
          if (!verifyInclusion({ root, leaf: leaves[index] as Uint8Array, proof }))
            throw new Error('a proof must hold');
        }
        return {
          name: `${size} leaves`,
          input: asJson({ leaves }),
          output: asJson({ root, paths: proofs.map(({ path }) => path) }),
        };
      }),
    },
  ];
}
