import type { Parameters } from '@radledger/chain';
import { ConsensusError, type ConsensusModule } from '@radledger/consensus';
import { checkBody } from './body-check.js';
import { messageClaims } from './claims.js';
import { dutiesOf, votersOf } from './duties.js';
import { createEvidence } from './evidence.js';
import { finalityClaims } from './finality-proof.js';
import { SimplexInstance } from './instance.js';
import { SIMPLEX_RULES, type SimplexRules } from './rules.js';
import { randomnessOf, SEAL_KIND, sealClaims } from './seal.js';

/** @param options.rules - for tests of the tests only: production has one set */
export function createSimplex(options: { readonly rules?: Partial<SimplexRules> } = {}): ConsensusModule {
  const rules = Object.freeze({ ...SIMPLEX_RULES, ...options.rules });
  return {
    id: 'simplex/1',
    sealKind: SEAL_KIND,
    caps: { finality: 'instant', reorganises: false, dutyEvidence: 'certified' },
    checkParameters,
    create: (context) => new SimplexInstance(context, rules),
    claims: (bytes, context) => messageClaims(bytes, { ...context, rules }),
    sealClaims,
    finalityClaims: (input) => finalityClaims(input, rules),
    checkBody,
    evidence: createEvidence(rules),
    randomnessOf,
    dutiesOf,
    votersOf,
  };
}

/** @throws {ConsensusError} `PARAMETERS_UNSUITABLE` */
function checkParameters({ moduleSettings }: Parameters): void {
  const [first] = moduleSettings;
  if (first === undefined) return;
  const info = { code: 'PARAMETERS_UNSUITABLE', parameter: `moduleSettings.${first[0]}` } as const;
  throw new ConsensusError(info, 'simplex has no settings of its own');
}

/** The default consensus: Simplex with rotating leaders, weighted by stake. Spec: docs/spec/simplex.md. */
export const simplex: ConsensusModule = createSimplex();
