/**
 * The voter: rules R1 to R7 as one state machine. It never reads a clock and never waits: inputs come in, effects go out.
 * Spec: docs/spec/simplex.md.
 */
import type { ConsensusInstance, Effect, Input, InstanceStatus, ModuleContext, SignRecord } from '@radledger/consensus';
import { Parts } from './parts.js';
import type { SimplexRules } from './rules.js';
import { VoterState } from './voter-state.js';

export class SimplexInstance implements ConsensusInstance {
  private readonly voter: VoterState;
  private readonly parts: Parts;

  constructor(context: ModuleContext, rules: SimplexRules) {
    this.voter = new VoterState(context, rules);
    this.parts = new Parts(this.voter);
  }

  step(input: Input): readonly Effect[] {
    this.voter.effects = [];
    this.voter.now = input.now;
    if (this.parts.permission.started || input.type === 'start') this.handle(input);
    return this.voter.effects;
  }

  status(): InstanceStatus {
    const { permission } = this.parts;
    if (!permission.started) {
      return { epoch: 0, view: 0, finalizedHeight: 0, voting: { allowed: false, reason: 'NOT_STARTED' } };
    }
    const { epoch, view, root } = this.voter;
    const reason = permission.votingReason();
    return {
      epoch: epoch.epoch,
      view,
      finalizedHeight: root.header.height,
      voting: reason === undefined ? { allowed: true } : { allowed: false, reason },
    };
  }

  neededRecords(): readonly SignRecord[] {
    return this.parts.voting.records;
  }

  private handle(input: Input): void {
    const { epochs, answering, pacing, leading, executing, voting } = this.parts;
    switch (input.type) {
      case 'start':
        return epochs.start(input.finalized, input.signLog);
      case 'message':
        return answering.onMessage(input.peer, input.bytes);
      case 'earlier':
        return answering.onEarlier(input.peer, input.bytes);
      case 'stale':
        return answering.onStale(input.peer);
      case 'ahead':
        return answering.onAhead(input.peer);
      case 'timer':
        return pacing.onTimer(input.id);
      case 'built':
        return leading.onBuilt(input.buildId, input.block);
      case 'verdict':
        return executing.onVerdict(input);
      case 'signed':
        return voting.onSigned(input.record, input.signature);
      case 'proved':
        return leading.onProved(input.alpha, input.proof);
      case 'committed':
        return epochs.onCommitted(input.height, input.next);
      case 'synced':
        return epochs.onSynced(input.finalized);
      case 'pending':
        return leading.onPending(input.waiting);
      case 'peer':
        return answering.onPeer(input.peer);
      case 'gone':
        return answering.onGone(input.peer);
    }
  }
}
