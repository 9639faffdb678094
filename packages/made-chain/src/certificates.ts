/** What the voters of one view would have signed: justification and finality proof of a block of `simplex/1`. */
import { type EpochContext, isQuorum } from '@radledger/consensus';
import { signedBytes, type Vote } from '@radledger/consensus-simplex';
import { type CanonicalValue, encodeCanonical, type Signer, toHex } from '@radledger/primitives';

/** Node keys of the voters, by hex of the public key. */
export type NodeSigners = ReadonlyMap<string, Signer>;

/** The certificate of a vote, of the first seats that reach a quorum. Spec: docs/spec/simplex.md, section 3. */
export async function certify(
  chainId: Uint8Array,
  epoch: EpochContext,
  vote: Extract<Vote, { kind: 'notarize' | 'finalize' }>,
  signers: NodeSigners,
): Promise<CanonicalValue> {
  const message = signedBytes(chainId, epoch, vote);
  const signatures: Promise<CanonicalValue>[] = [];
  let weight = 0n;
  for (const [seat, member] of epoch.committee.entries()) {
    if (isQuorum(weight, epoch.totalWeight)) break;
    const signer = signers.get(toHex(member.nodeKey));
    if (!signer) continue;
    weight += member.weight;
    signatures.push(signer.sign(message).then((signature): CanonicalValue => [seat, [1, signature]]));
  }
  if (!isQuorum(weight, epoch.totalWeight)) throw new Error('expected the keys of a quorum');
  const said: CanonicalValue =
    vote.kind === 'notarize' ? [1, vote.view, vote.blockId, vote.timestampMs] : [3, vote.view, vote.blockId];
  return [epoch.epoch, [[said, await Promise.all(signatures)]]];
}

/** The parent's certificate and nothing skipped; none on genesis. Spec: docs/spec/simplex.md, section 5. */
export function justificationOf(parent: CanonicalValue | undefined): Uint8Array {
  return encodeCanonical([parent === undefined ? [] : [parent], [], []]);
}

/** Spec: docs/spec/simplex.md, section 7. */
export function finalityProofOf(certificate: CanonicalValue): Uint8Array {
  return encodeCanonical([1, [], certificate]);
}
