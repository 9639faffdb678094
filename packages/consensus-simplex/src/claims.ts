/** Which signatures a message rests on; pure. Spec: docs/spec/simplex.md, section 6. */
import type { Parameters } from '@radledger/chain';
import {
  ConsensusError,
  type EpochContext,
  type EpochLookup,
  leaderOf,
  type MessageClaims,
  seatOf,
} from '@radledger/consensus';
import { equalBytes, type SignatureClaim } from '@radledger/primitives';
import { type Certificate, certificateClaims } from './certificate.js';
import { certificatesOf, decodeJustification } from './justification.js';
import { decodeMessage, type MessageOf, type SignedVote } from './message.js';
import type { SimplexRules } from './rules.js';
import { decodeSeal, justificationRootOf } from './seal.js';
import { signedBytes } from './vote.js';

export interface ClaimsContext {
  readonly chainId: Uint8Array;
  readonly epoch: EpochLookup;
  readonly parameters: Parameters;
  readonly rules: SimplexRules;
}

/** @throws {ConsensusError} the sender is at fault: nobody who keeps the rules sends or forwards this */
export function messageClaims(encoded: Uint8Array, context: ClaimsContext): MessageClaims {
  const message = decodeMessage(encoded, context.parameters.blockBytesMax);
  switch (message.type) {
    case 'proposal':
      return withEpoch(context, message.epoch, (epoch) => proposalClaims(message, epoch, context));
    case 'vote':
      return withEpoch(context, message.epoch, (epoch) => [voteClaim(message.signed, epoch, context)]);
    case 'certificate': {
      const { certificate } = message;
      return withEpoch(context, certificate.epoch, (epoch) => certificateClaims(certificate, { ...context, epoch }));
    }
    case 'newest-vote': {
      const { newest, source } = message;
      if (newest === undefined) return { epoch: undefined, claims: [] };
      const epoch = context.epoch(newest.epoch);
      if (epoch === undefined) return { epoch: undefined, claims: undefined };
      if (!equalBytes(seatOf(epoch, newest.signed.seat).source, source)) {
        throw new ConsensusError(
          { code: 'UNKNOWN_SEAT', seat: newest.signed.seat },
          'expected a vote of the source asked for',
        );
      }
      return { epoch: undefined, claims: [voteClaim(newest.signed, epoch, context)] };
    }
    default:
      return { epoch: undefined, claims: [] };
  }
}

function withEpoch(
  context: ClaimsContext,
  number: number,
  claims: (epoch: EpochContext) => readonly SignatureClaim[],
): MessageClaims {
  const epoch = context.epoch(number);
  return { epoch: number, claims: epoch === undefined ? undefined : claims(epoch) };
}

function voteClaim(signed: SignedVote, epoch: EpochContext, { chainId }: ClaimsContext): SignatureClaim {
  const { seat, vote, signature } = signed;
  return { key: seatOf(epoch, seat).nodeKey, message: signedBytes(chainId, epoch, vote), signature };
}

function proposalClaims(
  message: MessageOf<'proposal'>,
  epoch: EpochContext,
  context: ClaimsContext,
): readonly SignatureClaim[] {
  const { chainId, parameters } = context;
  const { view, signature, block, again } = message;
  const seal = decodeSeal(block.header);
  if (!equalBytes(justificationRootOf(block.body.justification), seal.justificationRoot)) {
    // A body that is not the header's is the fault of whoever sent it, and says nothing about the block.
    throw new ConsensusError({ code: 'MALFORMED_JUSTIFICATION' }, 'expected the justification that the seal names');
  }
  const statement = { kind: 'proposal', view, blockId: block.id } as const;
  const leader = leaderOf(chainId, epoch, view);
  const justification = decodeJustification(again ?? block.body.justification, parameters.blockBytesMax);
  return [
    { key: leader.nodeKey, message: signedBytes(chainId, epoch, statement), signature },
    ...certificatesOf(justification).flatMap((certificate) => knownClaims(certificate, context)),
  ];
}

/** Certificates of the epoch before are for the record: a node that does not know its voters has finalized its last block. */
function knownClaims(certificate: Certificate, context: ClaimsContext): readonly SignatureClaim[] {
  const epoch = context.epoch(certificate.epoch);
  return epoch === undefined ? [] : certificateClaims(certificate, { ...context, epoch });
}
