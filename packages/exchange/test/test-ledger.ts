/** A node in memory behind the port of this package: real rules, real proofs of state by construction, one block a call. */
import {
  type BuildBlockInput,
  blockIdOf,
  buildBlock,
  cellKey,
  chainIdOf,
  checkTransaction,
  DEFAULT_PARAMETERS,
  decodeGrantCell,
  decodeSourceCell,
  decodeStudyCell,
  type Genesis,
  genesisBlock,
  type Header,
} from '@radledger/chain';
import { createMemoryState, equalWeightRules, type MemoryState } from '@radledger/chain/testing';
import { createSigner, type Signer, sha256, toHex, utf8, verifyAll } from '@radledger/primitives';
import { decodeTransaction, type SignedTransaction, signatureClaims, signKeyProof } from '@radledger/transactions';
import { ExchangeError, type LedgerEvent, type LedgerPort } from '../src/index.js';

/** A key pair that is the same in every run. */
export function signerOf(label: string): Promise<Signer> {
  return createSigner(sha256(utf8(label)));
}

export class TestLedger implements LedgerPort {
  readonly headers: Header[] = [];
  /** Reads of cells so far, by kind. */
  readonly reads = { study: 0, grant: 0, source: 0 };
  /** Set to make every call fail as if the node were gone. */
  isUnreachable = false;
  /** The clock of everything in a test, Unix ms. */
  nowMs: number;
  private readonly state: MemoryState = createMemoryState();
  private readonly bodies = new Map<number, readonly Uint8Array[]>();
  private readonly included = new Map<string, number>();
  private readonly waiting = new Map<string, SignedTransaction>();
  private readonly subscribers = new Set<(event: LedgerEvent) => void>();

  private constructor(
    readonly genesis: Genesis,
    readonly chainId: Uint8Array,
  ) {
    this.nowMs = genesis.timeMs + 60_000;
  }

  /** A chain whose genesis source is called `hospital`. */
  static async open(): Promise<TestLedger> {
    const [source, node, vrf] = await Promise.all(['hospital', 'hospital node', 'hospital vrf'].map(signerOf));
    const genesis: Genesis = {
      format: 1,
      name: 'test net',
      timeMs: Date.UTC(2026, 0, 5),
      moduleId: equalWeightRules.id,
      policies: { admission: 'open', stake: 'raw' },
      parameters: { ...DEFAULT_PARAMETERS, minimumIntervalMs: 0 },
      sources: [
        {
          source: (source as Signer).publicKey,
          nodeKey: (node as Signer).publicKey,
          vrfKey: (vrf as Signer).publicKey,
          endowment: 1_000,
        },
      ],
      authorities: [],
      recoveryKeys: [],
      recoveryThreshold: 0,
    };
    const ledger = new TestLedger(genesis, chainIdOf(genesis));
    const { header, writeSet } = await genesisBlock(genesis, equalWeightRules);
    ledger.state.commit(writeSet);
    ledger.headers.push(header);
    return ledger;
  }

  /** What `radledger-node prove` would print for the genesis source. */
  async keyProofs() {
    const [source, node, vrf] = (await Promise.all(['hospital', 'hospital node', 'hospital vrf'].map(signerOf))) as [
      Signer,
      Signer,
      Signer,
    ];
    const { chainId } = this;
    const of = { chainId, source: source.publicKey };
    return {
      nodeKey: node.publicKey,
      nodeProof: await signKeyProof({ ...of, role: 'node', key: node }),
      vrfKey: vrf.publicKey,
      vrfProof: await signKeyProof({ ...of, role: 'vrf', key: vrf }),
    };
  }

  private get parent(): Header {
    return this.headers.at(-1) as Header;
  }

  get height(): number {
    return this.parent.height;
  }

  get pending(): readonly SignedTransaction[] {
    return [...this.waiting.values()];
  }

  private buildInput(): Omit<BuildBlockInput, 'candidates'> {
    return {
      chainId: this.chainId,
      parent: this.parent,
      state: this.state,
      rules: equalWeightRules,
      recent: {
        isRecentTransaction: (txId) => this.included.has(toHex(txId)),
        blockIdAt: (height) => (this.headers[height] === undefined ? undefined : blockIdOf(this.headers[height])),
      },
      timestampMs: Math.max(this.parent.timestampMs + 1, this.nowMs),
      proposer: this.genesis.sources[0]?.source as Uint8Array,
      seal: { kind: 1, bytes: Uint8Array.of(this.parent.height % 256) },
      justification: new Uint8Array(1),
    };
  }

  /** Finalizes a block of what waits, or of nothing, and gives a sign of life. */
  async finalize(
    options: {
      readonly without?: (transaction: SignedTransaction) => boolean;
      /** Keeps the event back: `tellOf` gives it later, as a node does whose clients lag behind. */
      readonly untold?: boolean;
    } = {},
  ): Promise<void> {
    const candidates = this.pending.filter((transaction) => options.without?.(transaction) !== true);
    const { block, writeSet, selected } = await buildBlock({ ...this.buildInput(), candidates });
    this.state.commit(writeSet);
    this.headers.push(block.header);
    this.bodies.set(block.header.height, block.body.transactions);
    for (const { txId } of selected) {
      this.included.set(toHex(txId), block.header.height);
      this.waiting.delete(toHex(txId));
    }
    if (options.untold === true) return;
    this.tellOf(block.header.height);
    this.heartbeat();
  }

  /** Tells that the block of that height is final. */
  tellOf(height: number): void {
    const { timestampMs } = this.headers[height] as Header;
    this.tell({ kind: 'finalized', height, timestampMs });
  }

  heartbeat(proofAgeMs = 0, halted = false): void {
    this.tell({ kind: 'heartbeat', height: this.height, proofAgeMs, halted });
  }

  /** Drops what waits, as a node does that was restarted. */
  forget(): void {
    this.waiting.clear();
  }

  /** Tells of a transaction without having judged it. */
  announce(transaction: Uint8Array): void {
    this.tell({ kind: 'seen', transaction });
  }

  private tell(event: LedgerEvent): void {
    for (const subscriber of this.subscribers) subscriber(event);
  }

  private reach(): void {
    if (this.isUnreachable) throw new ExchangeError({ code: 'NODE_UNREACHABLE' }, 'the node does not answer');
  }

  async head() {
    this.reach();
    const { height, timestampMs } = this.parent;
    return {
      chainId: this.chainId,
      height,
      timestampMs,
      blockId: blockIdOf(this.parent),
      proofAgeMs: 0,
      halted: false,
    };
  }

  async submit(bytes: Uint8Array): Promise<void> {
    this.reach();
    const transaction = decodeTransaction(bytes, this.chainId);
    const id = toHex(transaction.txId);
    if (this.waiting.has(id) || this.included.has(id)) return;
    if (!(await verifyAll(signatureClaims(transaction, this.chainId)))) throw refused('SIGNATURE_INVALID');
    const { chainId, state, parent } = this;
    const { recent, timestampMs } = this.buildInput();
    const checked = await checkTransaction(transaction, {
      rules: equalWeightRules,
      chainId,
      state,
      recent,
      height: parent.height + 1,
      timestampMs,
    });
    if (!checked.ok) throw refused(checked.code);
    this.waiting.set(id, transaction);
    this.tell({ kind: 'seen', transaction: bytes });
  }

  async outcome(txId: Uint8Array) {
    this.reach();
    const height = this.included.get(toHex(txId));
    if (height !== undefined) return { status: 'finalized' as const, height };
    return { status: this.waiting.has(toHex(txId)) ? ('seen' as const) : ('unknown' as const) };
  }

  private async cell<T>(kind: keyof TestLedger['reads'], name: Uint8Array, decode: (value: Uint8Array) => T) {
    this.reach();
    this.reads[kind] += 1;
    const [value] = await this.state.getMany([name]);
    return value === undefined ? undefined : decode(value);
  }

  study(source: Uint8Array, studyId: Uint8Array) {
    return this.cell('study', cellKey.study(source, studyId), decodeStudyCell);
  }

  grant(source: Uint8Array, studyId: Uint8Array, tag: Uint8Array) {
    return this.cell('grant', cellKey.grant(source, studyId, tag), decodeGrantCell);
  }

  source(id: Uint8Array) {
    return this.cell('source', cellKey.source(id), decodeSourceCell);
  }

  async transactionsAt(height: number): Promise<readonly Uint8Array[]> {
    this.reach();
    return this.bodies.get(height) ?? [];
  }

  async *events({ fromHeight, signal }: { fromHeight: number; signal: AbortSignal }): AsyncIterable<LedgerEvent> {
    const queue: LedgerEvent[] = [{ kind: 'heartbeat', height: this.height, proofAgeMs: 0, halted: false }];
    for (const { height, timestampMs } of this.headers.slice(fromHeight))
      queue.push({ kind: 'finalized', height, timestampMs });
    for (const { bytes } of this.pending) queue.push({ kind: 'seen', transaction: bytes });
    let wake = (): void => undefined;
    const hear = (event?: LedgerEvent): void => {
      if (event !== undefined) queue.push(event);
      wake();
    };
    const aborted = (): void => hear();
    this.subscribers.add(hear);
    signal.addEventListener('abort', aborted);
    try {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next !== undefined) yield next;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      this.subscribers.delete(hear);
      signal.removeEventListener('abort', aborted);
    }
  }
}

function refused(reason: string): ExchangeError {
  return new ExchangeError({ code: 'TRANSACTION_REFUSED', reason }, reason);
}
