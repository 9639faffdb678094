/** A whole consensus module from the rules of one. */
import { type Block, epochOfHeight, type Header } from '@radledger/chain';
import { ConsensusError } from '../errors.js';
import { type ConsensusModule, EMPTY_REGISTRY } from '../module.js';
import { finalityClaims } from './finality-proof.js';
import { ForkChoiceInstance } from './instance.js';
import { checkBody, decodeMessage } from './message.js';
import type { EpochRuleContext, ForkChoiceRules, RuleContext } from './rules.js';
import { settingsOf, patientHeights, unsuitable } from './settings.js';

/** The heaviest valid branch is the chain, and what lies deep enough in it is final. Spec: docs/spec/fork-choice.md. */
export function createForkChoiceModule(rules: ForkChoiceRules): ConsensusModule {
  const contextOf = <T extends Pick<RuleContext, 'parameters'>>(given: T): T & Pick<RuleContext, 'settings'> => ({
    ...given,
    settings: settingsOf(given.parameters, rules.settings),
  });
  return {
    id: rules.id,
    sealKind: rules.sealKind,
    caps: { finality: 'depth', reorganises: true, dutyEvidence: rules.dutyEvidence },
    checkParameters(parameters) {
      const context = contextOf({ parameters });
      // Descendants that make the last block of an epoch final belong to the next, and nobody knows the one after that yet.
      if (rules.finality.depth(context.settings) > patientHeights(parameters)) {
        throw unsuitable('epochHeights', 'at least twice the depth of a final block');
      }
      rules.checkParameters?.(context);
    },
    evidence: EMPTY_REGISTRY,
    create: (context) => new ForkChoiceInstance(rules, context),
    claims(encoded, { chainId, parameters, epoch: lookup }) {
      const message = decodeMessage(encoded, parameters.blockBytesMax);
      if (message.type !== 'block') return { epoch: undefined, claims: [] };
      const { header, id } = message.block;
      const number = epochOfHeight(header.height, parameters.epochHeights);
      const epoch = lookup(number);
      if (epoch === undefined) return { epoch: number, claims: undefined };
      const context = contextOf({ chainId, parameters, epoch });
      sealClaims(rules, header, context);
      const sealed = { header, id, witness: message.witness };
      return { epoch: undefined, claims: rules.checkWitness(sealed, context) };
    },
    sealClaims: ({ header, epoch, chainId, parameters }) =>
      sealClaims(rules, header, contextOf({ chainId, parameters, epoch })),
    finalityClaims: (input) => finalityClaims(rules, contextOf(input)),
    checkBody(block: Block) {
      if (block.header.sealKind !== rules.sealKind) throw wrongSeal(rules);
      checkBody(block);
    },
    randomnessOf: (position) => rules.randomnessOf(position),
    dutiesOf: (block, context) => rules.dutiesOf(block, contextOf(context)),
  };
}

function sealClaims(
  rules: ForkChoiceRules,
  header: Header,
  context: EpochRuleContext,
): ReturnType<ForkChoiceRules['checkSeal']> {
  if (header.sealKind !== rules.sealKind) throw wrongSeal(rules);
  const expectedEpoch = epochOfHeight(header.height, context.parameters.epochHeights);
  if (expectedEpoch === context.epoch.epoch) return rules.checkSeal(header, context);
  const info = { code: 'WRONG_EPOCH', expectedEpoch, actualEpoch: context.epoch.epoch } as const;
  throw new ConsensusError(info, 'expected a header of this epoch');
}

function wrongSeal({ sealKind }: ForkChoiceRules): ConsensusError {
  return new ConsensusError({ code: 'MALFORMED_SEAL' }, `expected a seal of kind ${sealKind}`);
}
