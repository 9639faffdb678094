/** I6: what honest nodes call proof is proof, and none of it is ever against an honest key, whatever crashed or was lost. */
import { judgeOffence, type Judgement } from '@radledger/chain';
import { toHex } from '@radledger/primitives';
import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

export function createEvidenceInvariant(context: WatcherContext): Watcher {
  return {
    proven(node, { epoch, bytes }) {
      const judgement = judgeEvidence(context, node, { epoch, bytes });
      if (judgement === undefined) throw new Violation('I6', `node ${node} holds for proof what convicts nobody`);
      // A proof that a leader was late speaks for it.
      if (judgement.verdict === 'LATE') return;
      for (const { source } of judgement.offenders) {
        const accused = context.nodeOf(source);
        if (accused !== undefined && !context.honest.includes(accused)) continue;
        throw new Violation('I6', `evidence of kind ${judgement.kind} against honest node ${accused ?? toHex(source)}`);
      }
    },
  };
}

/** Claims first, then judgement by the members of the epoch as this node's chain has them: as a ledger does. */
export function judgeEvidence(
  context: WatcherContext,
  node: number,
  { epoch, bytes }: { readonly epoch: number; readonly bytes: Uint8Array },
): Judgement | undefined {
  const { module, genesis } = context;
  const { chainId, parameters, policies } = genesis;
  const members = context.node(node).chain.epoch(epoch);
  const claims = module.evidence.claims(bytes, chainId);
  if (members === undefined || claims === undefined || !context.verifyClaims(claims.holding)) return undefined;
  if (claims.failing.some((claim) => context.verifyClaims([claim]))) return undefined;
  return module.evidence.judge({
    evidence: bytes,
    chainId,
    parameters,
    policies,
    epoch: members,
    verifyVrf: (proofs) => context.verifyVrf(proofs),
    judgeOffence: (header, offence) => judgeOffence(header, offence, { chainId, parameters, policies }),
  });
}
