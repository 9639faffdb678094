/** A voter of four with real keys behind the real host; what its peers send is judged as on a live node. */
import { type Block, blockIdOf, bodyBytesOf, DEFAULT_PARAMETERS, type Header, merkleRoot } from '@radledger/chain';
import { type ConsensusReport, type EpochContext, leaderOf, type Member } from '@radledger/consensus';
import { createHost, type Host } from '@radledger/consensus/host';
import {
  type Certificate,
  encodeMessage,
  encodeSeal,
  justificationRootOf,
  type Message,
  signedBytes,
  simplex,
  type Vote,
} from '@radledger/consensus-simplex';
import {
  createSigner,
  decodeCanonical,
  encodeCanonical,
  equalBytes,
  hash,
  type Signer,
  toHex,
  verifyAll,
} from '@radledger/primitives';

export const chainId = hash('test/chain');
export const parameters = { ...DEFAULT_PARAMETERS, epochHeights: 100, blockBytesMax: 64 * 1024 };
export const NOW = 1_000_000;
const ZERO = new Uint8Array(32);
export const NO_JUSTIFICATION = encodeCanonical([[], [], []]);

export class HostileVoter {
  readonly reports: ConsensusReport[] = [];
  readonly sent: Uint8Array[] = [];
  private host!: Host;

  private constructor(
    readonly signers: readonly Signer[],
    readonly members: readonly Member[],
  ) {}

  /** Seat 0 of epoch 1, allowed to vote, in view 1. */
  static async open(): Promise<HostileVoter> {
    const signers = await Promise.all([1, 2, 3, 4].map((seed) => createSigner(new Uint8Array(32).fill(seed))));
    const members = signers.map(
      ({ publicKey }, seat): Member => ({
        source: new Uint8Array(32).fill(seat + 1),
        nodeKey: publicKey,
        vrfKey: publicKey,
        weight: 1000n,
      }),
    );
    const voter = new HostileVoter(signers, members);
    const identity = members[0]!;
    voter.host = createHost({
      module: simplex,
      context: { chainId, parameters, identity },
      ports: {
        now: () => NOW,
        setTimer: () => undefined,
        cancelTimer: () => undefined,
        send: (_, bytes) => void voter.sent.push(bytes),
        broadcast: () => undefined,
        verifyClaims: verifyAll,
        verifyVrf: () => true,
        sign: (bytes) => signers[0]!.sign(bytes),
        prove: () => new Uint8Array(80),
        signLog: { append: () => undefined },
        build: () => undefined,
        verifyBlock: () => ({ kind: 'valid' }),
        adopt: () => undefined,
        finalize: () => undefined,
        epoch: () => undefined,
        behind: () => undefined,
        evidence: () => undefined,
        report: (report) => void voter.reports.push(report),
        failed(error) {
          throw error;
        },
      },
    });
    const finalized = {
      header: boundary,
      proof: new Uint8Array(),
      epoch: voter.epoch(1),
      previousEpoch: voter.epoch(0),
    };
    voter.host.start({ finalized, signLog: { state: 'present', records: [] } });
    for (const seat of [1, 2, 3]) {
      await voter.hears({ type: 'newest-vote', source: members[0]!.source, newest: undefined }, seat);
    }
    voter.forget();
    return voter;
  }

  epoch(epoch: number): EpochContext {
    const { members } = this;
    const context = { epoch, seed: hash('test/seed', epoch), leaders: members, committee: members, totalWeight: 4000n };
    return { ...context, committeeRoot: hash('test/committee', epoch) };
  }

  async hears(message: Message | Uint8Array, seat = 3): Promise<void> {
    const bytes = message instanceof Uint8Array ? message : encodeMessage(message);
    await this.host.message(toHex(this.members[seat]!.nodeKey), bytes.slice());
  }

  forget(): void {
    this.reports.length = 0;
    this.sent.length = 0;
  }

  /** Bytes that everything reachable from the host holds, near enough: buffers once each, and 64 for each object. */
  retainedBytes(): number {
    return sizeOf(this.host);
  }

  async vote(
    vote: Vote,
    options: { readonly seat?: number; readonly epoch?: EpochContext; readonly chain?: Uint8Array } = {},
  ) {
    const { seat = 1, epoch = this.epoch(1), chain = chainId } = options;
    return { seat, vote, signature: await this.signers[seat]!.sign(signedBytes(chain, epoch, vote)) };
  }

  /** One group of the votes of these seats. */
  async certificate(vote: Vote, seats: readonly number[] = [0, 1, 2], options = {}): Promise<Certificate> {
    const signatures = await Promise.all(
      seats.map(async (seat) => [seat, (await this.vote(vote, { seat, ...options })).signature] as const),
    );
    return { epoch: 1, groups: [{ vote, signatures }] };
  }

  leaderSeat(view: number, epoch = 1): number {
    const { source } = leaderOf(chainId, this.epoch(epoch), view);
    return this.members.findIndex((member) => equalBytes(member.source, source));
  }

  block(view: number, changes: { readonly justification?: Uint8Array; readonly header?: Partial<Header> } = {}): Block {
    const { justification = NO_JUSTIFICATION } = changes;
    const seal = {
      epoch: 1,
      view,
      vrfProof: new Uint8Array(80),
      justificationRoot: justificationRootOf(justification),
    };
    const header: Header = {
      ...boundary,
      height: 101,
      parentId: blockIdOf(boundary),
      timestampMs: NOW,
      proposer: leaderOf(chainId, this.epoch(1), view).source,
      transactionRoot: merkleRoot([]),
      bodyBytes: bodyBytesOf([], justification.length),
      sealKind: 1,
      sealBytes: encodeSeal(seal),
      ...changes.header,
    };
    return { header, id: blockIdOf(header), body: { transactions: [], justification } };
  }

  async proposal(
    view: number,
    block = this.block(view),
    options: { readonly seat?: number; readonly epoch?: EpochContext; readonly chain?: Uint8Array } = {},
  ): Promise<Extract<Message, { type: 'proposal' }>> {
    const vote = { kind: 'proposal', view, blockId: block.id } as const;
    const { signature } = await this.vote(vote, { seat: this.leaderSeat(view), ...options });
    return { type: 'proposal', epoch: 1, view, signature, block, again: undefined };
  }
}

const boundary: Header = {
  format: 1,
  chainId,
  height: 100,
  parentId: ZERO,
  timestampMs: NOW - 2_000,
  proposer: ZERO,
  transactionRoot: ZERO,
  stateRoot: ZERO,
  dutyRoot: ZERO,
  bodyBytes: 0,
  sealKind: 1,
  sealBytes: encodeSeal({ epoch: 0, view: 3, vrfProof: new Uint8Array(80), justificationRoot: ZERO }),
};

/** A certificate as it stands inside other canonical bytes. */
export function contentOf(certificate: Certificate): unknown {
  return (decodeCanonical(encodeMessage({ type: 'certificate', certificate }), { bytesMax: 1 << 20 }) as unknown[])[1];
}

function sizeOf(root: object): number {
  const seen = new Set<object>();
  let bytes = 0;
  const waiting: unknown[] = [root];
  for (let value = waiting.pop(); waiting.length > 0 || value !== undefined; value = waiting.pop()) {
    if (typeof value === 'string') bytes += value.length;
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    bytes += 64;
    if (ArrayBuffer.isView(value)) {
      if (seen.has(value.buffer)) continue;
      seen.add(value.buffer);
      bytes += value.buffer.byteLength;
    } else if (value instanceof Map) for (const [key, entry] of value) waiting.push(key, entry);
    else if (value instanceof Set) for (const entry of value as ReadonlySet<unknown>) waiting.push(entry);
    else for (const entry of Object.values(value) as readonly unknown[]) waiting.push(entry);
  }
  return bytes;
}
