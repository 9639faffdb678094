/** One epoch of four voters, and what they sign in it. */
import { DEFAULT_PARAMETERS, type EpochMember } from '@radledger/chain';
import { type EpochContext, epochContextOf } from '@radledger/consensus';
import { type Certificate, encodeMessage, signedBytes, type SignedVote, type Vote } from '@radledger/consensus-simplex';
import {
  type CanonicalValue,
  compareBytes,
  decodeCanonical,
  encodeCanonical,
  type Signer,
} from '@radledger/primitives';
import { signerOf } from './parties.js';
import { fill } from './vector-file.js';

export const chainId = fill(0xc1);
export const parameters = { ...DEFAULT_PARAMETERS, committeeMax: 4, epochHeights: 100 };

export interface SimplexEpoch {
  readonly context: EpochContext;
  /** What the vectors give of the epoch. */
  readonly input: {
    readonly epoch: number;
    readonly seed: Uint8Array;
    readonly members: readonly EpochMember[];
    readonly committeeMax: number;
  };
  /** Node keys by seat, and their seeds. */
  readonly seats: readonly Signer[];
  readonly seeds: readonly Uint8Array[];
  sign(seat: number, vote: Vote): Promise<SignedVote>;
}

/** Weights 4, 3, 2 and 1 thousand in the order of the seeds 0x21 to 0x24 of the node keys. */
export async function simplexEpoch(epoch = 3): Promise<SimplexEpoch> {
  const made = await Promise.all(
    [4_000n, 3_000n, 2_000n, 1_000n].map(async (weight, index) => {
      const node = await signerOf(0x21 + index);
      const [source, vrfKey] = [(await signerOf(0x11 + index)).publicKey, (await signerOf(0x31 + index)).publicKey];
      return { node, seed: fill(0x21 + index), member: { source, nodeKey: node.publicKey, vrfKey, weight } };
    }),
  );
  made.sort((a, b) => compareBytes(a.member.source, b.member.source));
  const members = made.map(({ member }) => member);
  const input = { epoch, seed: fill(0x5b + epoch), members, committeeMax: parameters.committeeMax };
  const context = epochContextOf(
    { ...input, firstHeight: epoch * parameters.epochHeights + 1 },
    { chainId, committeeMax: parameters.committeeMax },
  );
  const seats = made.map(({ node }) => node);
  return {
    context,
    input,
    seats,
    seeds: made.map(({ seed }) => seed),
    async sign(seat, vote) {
      const signer = seats[seat] as Signer;
      return { seat, vote, signature: await signer.sign(signedBytes(chainId, context, vote)) };
    },
  };
}

/** A certificate of one statement each group; votes in the order of seats. */
export function certificateOf(epoch: number, ...groups: (readonly SignedVote[])[]): Certificate {
  return {
    epoch,
    groups: groups.map((votes) => ({
      vote: (votes[0] as SignedVote).vote,
      signatures: votes.map(({ seat, signature }) => [seat, signature] as const),
    })),
  };
}

/** A certificate inside other canonical values, as the package encodes it. */
export function certificateValue(certificate: Certificate): CanonicalValue {
  const encoded = encodeMessage({ type: 'certificate', certificate });
  return (decodeCanonical(encoded, { bytesMax: 1_000_000 }) as readonly CanonicalValue[])[1] as CanonicalValue;
}

/** Bytes of a justification; what they say is checked with the package's own reader. */
export function justificationBytes(parts: {
  readonly parent?: Certificate;
  readonly nullifications: readonly Certificate[];
  readonly tail?: { readonly firstView: number; readonly certificates: readonly Certificate[] };
}): Uint8Array {
  const { parent, nullifications, tail } = parts;
  return encodeCanonical([
    parent === undefined ? [] : [certificateValue(parent)],
    nullifications.map(certificateValue),
    tail === undefined ? [] : [[tail.firstView, tail.certificates.map(certificateValue)]],
  ]);
}
