/**
 * The one effect loop around a consensus module: `ledger`, `simulator` and `./conformance` drive this copy.
 * It keeps the sign-log rule: a signature leaves only after its record is on disk.
 * Spec: docs/spec/consensus-boundary.md, section 3.
 */
import { epochOfHeight, isBoundaryHeight } from '@radledger/chain';
import { CodedError, equalBytes, type SignatureClaim, toHex } from '@radledger/primitives';
import type { EpochContext, Member } from '../epoch-context.js';
import { ConsensusError } from '../errors.js';
import type {
  ConsensusInstance,
  ConsensusModule,
  Effect,
  FinalizedState,
  Input,
  InstanceStatus,
  ModuleContext,
  PeerId,
  SignLogState,
  SignRecord,
} from '../module.js';
import { ownMember } from '../own-keys.js';
import { encodeSignRecord } from '../sign-record.js';
import { MessageHold } from './message-hold.js';
import type { Awaitable, HostPorts } from './ports.js';
import { VerifiedClaims } from './verified-claims.js';

/** Sign-log bytes appended since its last rewrite that are worth another. */
const REWRITE_AFTER_BYTES = 32 * 1024 * 1024;

export interface HostOptions {
  readonly module: ConsensusModule;
  readonly context: ModuleContext;
  readonly ports: HostPorts;
}

export interface HostStart {
  readonly finalized: FinalizedState;
  readonly signLog: SignLogState;
}

export interface Host {
  /** Call once, when the finalized state is open. */
  start(start: HostStart): void;
  /** Bytes of a consensus message from an authenticated peer; settles when it was looked at, for back-pressure. */
  message(peer: PeerId, bytes: Uint8Array): Awaitable<void>;
  /** A timer set by `setTimer` is due. */
  timer(id: string): void;
  /** Tell when this changes: whether a transaction waits that a block could hold. */
  pendingTransactions(waiting: boolean): void;
  /** After the caller stored finalized blocks that it fetched and verified itself. */
  synced(finalized: FinalizedState): void;
  peer(peer: PeerId): void;
  gone(peer: PeerId): void;
  status(): InstanceStatus;
  /** Nothing is done, sent or signed after this. */
  stop(): void;
}

export function createHost(options: HostOptions): Host {
  return new EffectLoop(options);
}

class EffectLoop implements Host {
  private readonly module: ConsensusModule;
  private readonly context: ModuleContext;
  private readonly ports: HostPorts;
  private readonly instance: ConsensusInstance;
  private readonly verified = new VerifiedClaims();
  private readonly hold = new MessageHold();
  private readonly inputs: Input[] = [];
  private readonly commits: Extract<Effect, { type: 'finalize' }>[] = [];
  private current: EpochContext | undefined;
  private previous: EpochContext | undefined;
  private next: EpochContext | undefined;
  private stepping = false;
  private committing = false;
  private stopped = false;
  /** Bytes in the log that a rewrite could save. */
  private loggedBytes = 0;
  /** What the log held at start, by signed bytes: an instance asks for these signatures again, and they are on disk. */
  private logged: ReadonlySet<string> = new Set();

  constructor({ module, context, ports }: HostOptions) {
    this.module = module;
    this.context = context;
    this.ports = ports;
    this.instance = module.create(context);
  }

  start({ finalized, signLog }: HostStart): void {
    this.enter(finalized);
    const records = signLog.state === 'present' ? signLog.records : [];
    this.logged = new Set(records.map(({ bytes }) => toHex(bytes)));
    this.loggedBytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
    this.step({ type: 'start', now: this.ports.now(), finalized, signLog });
  }

  message(peer: PeerId, bytes: Uint8Array): Awaitable<void> {
    if (this.stopped || this.current === undefined) return;
    const lookup = { chainId: this.context.chainId, epoch: this.lookup, parameters: this.context.parameters };
    let found: ReturnType<ConsensusModule['claims']>;
    try {
      found = this.module.claims(bytes, lookup);
    } catch (error) {
      this.ports.report({ code: codeOf(error), peer });
      return;
    }
    const { epoch, claims } = found;
    if (epoch !== undefined && epoch < this.current.epoch) {
      this.step({ type: 'stale', now: this.ports.now(), peer, epoch });
      if (claims === undefined || epoch !== this.previous?.epoch) return;
      return this.verifyThenStep(peer, bytes, claims, 'earlier');
    }
    if (epoch !== undefined && epoch > this.current.epoch) {
      // Others may have written the last block of an epoch a moment earlier than this node.
      if (epoch !== this.current.epoch + 1 || !this.hold.hold(peer, bytes)) {
        this.ports.report({ code: 'EPOCH_AHEAD', peer, epoch });
      }
      this.step({ type: 'ahead', now: this.ports.now(), peer, epoch });
      return;
    }
    if (claims === undefined) {
      this.ports.report({ code: 'UNKNOWN_EPOCH', peer });
      return;
    }
    return this.verifyThenStep(peer, bytes, claims, 'message');
  }

  timer(id: string): void {
    this.step({ type: 'timer', now: this.ports.now(), id });
  }

  pendingTransactions(waiting: boolean): void {
    this.step({ type: 'pending', now: this.ports.now(), waiting });
  }

  synced(finalized: FinalizedState): void {
    if (this.stopped) return;
    // Read while this node itself went on: what it says has passed.
    if (this.current !== undefined && finalized.epoch.epoch < this.current.epoch) return;
    this.enter(finalized);
    this.step({ type: 'synced', now: this.ports.now(), finalized });
    this.releaseHeld();
  }

  peer(peer: PeerId): void {
    this.step({ type: 'peer', now: this.ports.now(), peer });
  }

  gone(peer: PeerId): void {
    this.hold.gone(peer);
    this.step({ type: 'gone', now: this.ports.now(), peer });
  }

  status(): InstanceStatus {
    return this.instance.status();
  }

  stop(): void {
    this.stopped = true;
    this.inputs.length = 0;
    this.commits.length = 0;
  }

  private readonly lookup = (epoch: number): EpochContext | undefined =>
    [this.current, this.previous, this.next].find((known) => known?.epoch === epoch);

  private enter({ epoch, previousEpoch, nextEpoch }: FinalizedState): void {
    if (this.current === undefined || epoch.epoch !== this.current.epoch) {
      this.previous = previousEpoch ?? (this.current?.epoch === epoch.epoch - 1 ? this.current : undefined);
    }
    this.current = epoch;
    this.next = nextEpoch;
  }

  private verifyThenStep(
    peer: PeerId,
    bytes: Uint8Array,
    claims: readonly SignatureClaim[],
    type: 'message' | 'earlier',
  ): Awaitable<void> {
    const unknown = this.verified.unknown(claims);
    const deliver = (): void => this.step({ type, now: this.ports.now(), peer, bytes });
    if (unknown.length === 0) return deliver();
    return this.after(this.ports.verifyClaims(unknown.map(({ claim }) => claim)), (held) => {
      if (!held) {
        this.ports.report({ code: 'BAD_SIGNATURE', peer });
        return;
      }
      this.verified.add(unknown.map(({ digest }) => digest));
      deliver();
    });
  }

  /** Inputs that arise while effects are carried out wait for their turn: a step never runs inside another. */
  private step(input: Input): void {
    if (this.stopped) return;
    this.inputs.push(input);
    if (this.stepping) return;
    this.stepping = true;
    try {
      for (let next = this.inputs.shift(); next !== undefined; next = this.inputs.shift()) {
        for (const effect of this.instance.step(next)) {
          if (this.stopped) return;
          this.carryOut(effect);
        }
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.stepping = false;
    }
  }

  private carryOut(effect: Effect): void {
    const { ports } = this;
    switch (effect.type) {
      case 'send':
        return ports.send(effect.peer, effect.bytes);
      case 'broadcast':
        return ports.broadcast(effect.bytes);
      case 'set-timer':
        return ports.setTimer(effect.id, effect.atMs);
      case 'cancel-timer':
        return ports.cancelTimer(effect.id);
      case 'sign':
        return this.sign(effect);
      case 'prove': {
        const { alpha, epoch } = effect;
        const vrfKey = this.ownMember(epoch ?? this.current?.epoch)?.vrfKey;
        this.after(ports.prove(alpha, vrfKey), (proof) => {
          if (proof !== undefined) this.step({ type: 'proved', now: ports.now(), alpha, proof });
        });
        return;
      }
      case 'build': {
        const { buildId } = effect.request;
        this.after(ports.build(effect.request), (block) =>
          this.step({ type: 'built', now: ports.now(), buildId, block }),
        );
        return;
      }
      case 'verify':
        return this.verify(effect);
      case 'adopt':
        return ports.adopt(effect.blockId);
      case 'finalize':
        this.commits.push(effect);
        if (!this.committing) this.commitNext();
        return;
      case 'behind':
        return ports.behind(effect.peer, effect.height);
      case 'evidence':
        return ports.evidence({ epoch: effect.epoch, bytes: effect.bytes });
      case 'report':
        return ports.report(effect.report);
    }
  }

  private ownMember(epoch: number | undefined): Member | undefined {
    return epoch === undefined ? undefined : ownMember(this.context.identity, this.lookup(epoch));
  }

  private sign({ record }: Extract<Effect, { type: 'sign' }>): void {
    const nodeKey = this.ownMember(record.epoch)?.nodeKey;
    const sign = (): void =>
      void this.after(this.ports.sign(record.bytes, nodeKey), (signature) =>
        this.step({ type: 'signed', now: this.ports.now(), record, signature }),
      );
    if (this.logged.has(toHex(record.bytes))) return sign();
    const encoded = encodeSignRecord(record);
    this.loggedBytes += encoded.length;
    this.after(this.ports.signLog.append(encoded, nodeKey), sign);
  }

  private verify({ block }: Extract<Effect, { type: 'verify' }>): void {
    const { chainId, parameters } = this.context;
    const answer = (verdict: Extract<Input, { type: 'verdict' }>['verdict']): void =>
      this.step({ type: 'verdict', now: this.ports.now(), blockId: block.id, verdict });
    let claims: ReturnType<ConsensusModule['sealClaims']>;
    try {
      const number = epochOfHeight(block.header.height, parameters.epochHeights);
      const epoch = this.lookup(number);
      if (epoch === undefined) {
        throw new ConsensusError({ code: 'NO_SEED', epoch: number }, 'expected a block of an epoch that is known');
      }
      claims = this.module.sealClaims({ header: block.header, epoch, chainId, parameters });
    } catch (error) {
      answer({ kind: 'invalid', code: codeOf(error) });
      return;
    }
    this.after(this.ports.verifyVrf(claims), (held) => {
      if (!held) answer({ kind: 'invalid', code: 'BAD_RANDOM_PROOF' });
      else this.after(this.ports.verifyBlock(block), answer);
    });
  }

  private commitNext(): void {
    const effect = this.commits.shift();
    if (effect === undefined) return;
    const last = effect.blocks.at(-1);
    if (last === undefined) return this.commitNext();
    this.committing = true;
    const { height } = last.block.header;
    this.after(this.ports.finalize(effect.blocks), () => {
      const { epochHeights } = this.context.parameters;
      const plain = { type: 'committed', now: this.ports.now(), height } as const;
      if (!isBoundaryHeight(height, epochHeights)) return this.committed(plain);
      const following = epochOfHeight(height + 1, epochHeights);
      this.withEpoch(following, (epoch) => {
        const begin = (nextEpoch?: EpochContext): void => {
          const { current } = this;
          // Sync may have been faster, and further: an epoch that has passed is not entered again.
          if (current !== undefined && following < current.epoch) return this.committed(plain);
          // As far as this block only: the module may have waited for it, and still learns of the epoch.
          const previousEpoch = current?.epoch === following ? this.previous : current;
          const later = { ...(previousEpoch && { previousEpoch }), ...(nextEpoch && { nextEpoch }) };
          const next = { header: last.block.header, proof: last.proof, epoch, ...later };
          this.enter(next);
          this.committed({ type: 'committed', now: this.ports.now(), height, next });
          this.releaseHeld();
        };
        if (this.module.caps.finality === 'instant') begin();
        else this.withEpoch(following + 1, begin);
      });
    });
  }

  private withEpoch(number: number, then: (epoch: EpochContext) => void): void {
    this.after(this.ports.epoch(number), (epoch) => {
      if (epoch !== undefined) return then(epoch);
      const message = 'a boundary block must leave the next epoch in the state';
      throw new ConsensusError({ code: 'NO_SEED', epoch: number }, message);
    });
  }

  private committed(input: Input): void {
    this.committing = false;
    this.step(input);
    if (this.loggedBytes > REWRITE_AFTER_BYTES) {
      const needed = this.instance.neededRecords();
      this.loggedBytes = 0;
      this.logged = new Set(needed.map(({ bytes }) => toHex(bytes)));
      // What an earlier key signed stays in that key's log.
      const nodeKey = this.ownMember(this.current?.epoch)?.nodeKey;
      const ofKey = needed.filter(({ epoch }) => {
        const signedBy = this.ownMember(epoch)?.nodeKey;
        return signedBy === undefined || nodeKey === undefined || equalBytes(signedBy, nodeKey);
      });
      const rewritten = this.ports.signLog.rewrite?.(ofKey.map(encodeSignRecord), nodeKey);
      this.after(rewritten, () => {});
    }
    this.commitNext();
  }

  private releaseHeld(): void {
    for (const { peer, bytes } of this.hold.release()) this.message(peer, bytes);
  }

  private after<T>(value: Awaitable<T>, then: (value: T) => void): Awaitable<void> {
    const run = (result: T): void => {
      if (this.stopped) return;
      try {
        then(result);
      } catch (error) {
        this.fail(error);
      }
    };
    if (isThenable(value)) return value.then(run, (error) => this.fail(error));
    run(value);
  }

  private fail(error: unknown): void {
    if (this.stopped) return;
    this.stop();
    this.ports.failed(error);
  }
}

function isThenable<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** Bytes of a record, near enough to decide about a rewrite. */
function recordBytes({ bytes, support }: SignRecord): number {
  return support.reduce((sum, { length }) => sum + length, bytes.length);
}

function codeOf(error: unknown): string {
  if (error instanceof CodedError) return String(error.code);
  throw error;
}
