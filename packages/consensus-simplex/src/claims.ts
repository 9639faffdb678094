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
import { checkReceivedBody } from './body-check.js';
import { type Certificate, certificateClaims } from './certificate.js';
import { certificatesOf, decodeJustification, type Justification } from './justification.js';
import { decodeMessage, type MessageOf, type SignedVote } from './message.js';
import { againVerdict } from './proposal-check.js';
import type { SimplexRules } from './rules.js';
import { decodeSeal } from './seal.js';

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
      // Too old or too new to verify: the vote proves nothing, that the peer answered may still count.
      if (epoch === undefined) return { epoch: undefined, claims: [] };
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

function voteClaim(signed: SignedVote, epoch: EpochContext, { chainId, rules }: ClaimsContext): SignatureClaim {
  const { seat, vote, signature } = signed;
  return { key: seatOf(epoch, seat).nodeKey, message: rules.signedBytes(chainId, epoch, vote), signature };
}

function proposalClaims(
  message: MessageOf<'proposal'>,
  epoch: EpochContext,
  context: ClaimsContext,
): readonly SignatureClaim[] {
  const { chainId, parameters, rules } = context;
  const { view, signature, block, again } = message;
  // The leader signs the header. What travels beside it is the fault of whoever sent it, and says nothing about the block.
  checkReceivedBody(block);
  const statement = { kind: 'proposal', view, blockId: block.id } as const;
  const leader = leaderOf(chainId, epoch, view);
  const justification = decodeJustification(again ?? block.body.justification, parameters.blockBytesMax);
  checkAgain(message, justification);
  return [
    { key: leader.nodeKey, message: rules.signedBytes(chainId, epoch, statement), signature },
    ...certificatesOf(justification).flatMap((certificate) => knownClaims(certificate, context)),
  ];
}

/** The seal, which the leader signed, says whether a block is proposed for the first time; then the reason must fit it. */
function checkAgain({ epoch, view, block, again }: MessageOf<'proposal'>, justification: Justification): void {
  const first = decodeSeal(block.header).view >= view;
  if (again === undefined ? first : !first && againVerdict(block, justification, { epoch, view }).kind !== 'invalid')
    return;
  const message = 'expected a reason to propose again with a block that has been proposed, and with no other';
  throw new ConsensusError({ code: 'MALFORMED_JUSTIFICATION' }, message);
}

/** Certificates of the epoch before are for the record: a node that does not know its voters has finalized its last block. */
function knownClaims(certificate: Certificate, context: ClaimsContext): readonly SignatureClaim[] {
  const epoch = context.epoch(certificate.epoch);
  return epoch === undefined ? [] : certificateClaims(certificate, { ...context, epoch });
}
