/** This node's turns as leader (R1): one proposal a view, and the random proofs made ahead for it. */
import { type Block, epochOfHeight, isBoundaryHeight } from '@radledger/chain';
import { vrfAlpha } from '@radledger/consensus';
import { equalBytes } from '@radledger/primitives';
import { encodeJustification, type Justification } from './justification.js';
import { encodeMessage } from './message.js';
import { chooseParent, type ParentChoice } from './parent-choice.js';
import type { Parts } from './parts.js';
import { encodeSeal, justificationRootOf, SEAL_KIND } from './seal.js';
import { earliestTimestampMs } from './timing.js';
import { NullifyReason } from './vote.js';
import type { VoterState } from './voter-state.js';

/** Views ahead for which a leader asks for its random proof early. */
const PROOFS_AHEAD = 3;

interface Building {
  readonly buildId: number;
  readonly view: number;
}

export class Leading {
  private transactionsWait = false;
  private buildCount = 0;
  private building: Building | undefined;
  private readonly proposing = new Map<number, { readonly block: Block; readonly again: Uint8Array | undefined }>();
  private readonly proofs = new Map<number, Uint8Array | 'asked'>();

  constructor(
    private readonly voter: VoterState,
    private readonly parts: Pick<Parts, 'conflicts' | 'fetching' | 'permission' | 'proposals' | 'voting'>,
  ) {}

  onPending(waiting: boolean): void {
    this.transactionsWait = waiting;
    this.tryPropose();
  }

  tryPropose(): void {
    const { voter } = this;
    const { view } = voter;
    if (this.building !== undefined || !voter.leads(view) || !this.parts.permission.mayLead()) return;
    const state = voter.viewState(view);
    if (state.own.proposal !== undefined || state.own.nullify !== undefined) return;
    const base = this.chooseParent(view);
    if (base === undefined) return;
    const { parameters } = voter.context;
    if (base.block !== undefined && isBoundaryHeight(base.header.height, parameters.epochHeights)) {
      return this.proposeAgain(view, base.block, base.justification);
    }
    const earliestMs = earliestTimestampMs(base.header.timestampMs, parameters);
    const paceMs = base.header.timestampMs + parameters.targetIntervalMs;
    const dueMs = this.transactionsWait ? earliestMs : Math.max(earliestMs, paceMs);
    if (voter.now < dueMs) return voter.effect({ type: 'set-timer', id: 'propose', atMs: dueMs });
    const height = base.header.height + 1;
    const vrfProof = this.proofs.get(height);
    if (vrfProof === undefined || vrfProof === 'asked') return this.askProof(height);
    const justification = encodeJustification(base.justification);
    const seal = { epoch: voter.epoch.epoch, view, vrfProof, justificationRoot: justificationRootOf(justification) };
    this.building = { buildId: ++this.buildCount, view };
    voter.effect({
      type: 'build',
      request: {
        buildId: this.buildCount,
        parent: base.header,
        timestampMs: voter.now,
        proposer: voter.leader(view).source,
        seal: { kind: SEAL_KIND, bytes: encodeSeal(seal) },
        justification,
      },
    });
  }

  onBuilt(buildId: number, block: Block | undefined): void {
    const { voter, parts } = this;
    if (this.building?.buildId !== buildId) return;
    const { view } = this.building;
    this.building = undefined;
    if (view !== voter.view || !parts.permission.mayLead() || voter.viewState(view).own.nullify !== undefined) return;
    if (block === undefined) return parts.voting.nullify(view, NullifyReason.declined, undefined);
    voter.tree.add(block).state = 'valid';
    this.sign(view, block, undefined);
  }

  onSigned(view: number, signature: Uint8Array): void {
    const { voter } = this;
    const made = this.proposing.get(view);
    this.proposing.delete(view);
    if (made === undefined) return;
    const message = { type: 'proposal', epoch: voter.epoch.epoch, view, signature, ...made } as const;
    const bytes = encodeMessage(message);
    voter.effect({ type: 'broadcast', bytes });
    this.parts.conflicts.look(message, undefined);
    this.parts.proposals.onProposal(message, bytes, undefined);
  }

  /** What comes of a block that is being built is of no use any more. */
  stopBuilding(): void {
    this.building = undefined;
  }

  askProofs(): void {
    const { voter } = this;
    let height = voter.root.header.height + 1;
    for (const { block } of voter.tree.all()) height = Math.max(height, block.header.height + 1);
    for (let ahead = 0; ahead < PROOFS_AHEAD; ahead++) {
      if (voter.leads(voter.view + ahead)) this.askProof(height + ahead);
    }
  }

  onProved(alpha: Uint8Array, proof: Uint8Array): void {
    const { chainId } = this.voter.context;
    const { seed, epoch } = this.voter.epoch;
    for (const [height, known] of this.proofs) {
      if (known === 'asked' && equalBytes(vrfAlpha({ chainId, seed, epoch, height }), alpha)) {
        this.proofs.set(height, proof);
      }
    }
    this.tryPropose();
  }

  forgetEpoch(): void {
    this.proofs.clear();
    this.proposing.clear();
  }

  forgetBelowRoot(): void {
    const { header, view } = this.voter.root;
    for (const height of this.proofs.keys()) if (height <= header.height) this.proofs.delete(height);
    for (const older of this.proposing.keys()) if (older <= view) this.proposing.delete(older);
  }

  private chooseParent(view: number): ParentChoice | undefined {
    const { voter } = this;
    const choice = chooseParent(view, voter);
    if (choice.kind === 'chosen') return choice;
    const { missingView } = choice;
    if (missingView !== undefined) {
      this.parts.fetching.askBackFrom(voter.epoch.epoch, missingView, voter.root.view + 1);
    }
    return undefined;
  }

  /** The boundary block must be final before the epoch ends: until then it is proposed again, in a new view. */
  private proposeAgain(view: number, block: Block, justification: Justification): void {
    const { voter } = this;
    const dueMs = voter.enteredAtMs + voter.context.parameters.assumedDelayMs;
    if (voter.now < dueMs) return voter.effect({ type: 'set-timer', id: 'propose', atMs: dueMs });
    this.sign(view, block, encodeJustification(justification));
  }

  private sign(view: number, block: Block, again: Uint8Array | undefined): void {
    const vote = { kind: 'proposal', view, blockId: block.id } as const;
    this.voter.viewState(view).own.proposal = vote;
    this.proposing.set(view, { block, again });
    this.parts.voting.sign(vote, []);
  }

  private askProof(height: number): void {
    const { voter } = this;
    const { chainId, parameters } = voter.context;
    if (this.proofs.has(height) || epochOfHeight(height, parameters.epochHeights) !== voter.epoch.epoch) return;
    this.proofs.set(height, 'asked');
    const { seed, epoch } = voter.epoch;
    voter.effect({ type: 'prove', alpha: vrfAlpha({ chainId, seed, epoch, height }) });
  }
}
