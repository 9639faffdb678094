import {
  type Block,
  blockIdOf,
  buildBlock,
  cellKey,
  chainIdOf,
  decodeEpochCell,
  encodeHeader,
  epochOfHeight,
  executeBlock,
  type Genesis,
  genesisBlock,
  type Header,
} from '@radledger/chain';
import { createMemoryState } from '@radledger/chain/testing';
import { createChainRules, type EpochContext, epochContextOf, leaderOf, vrfAlpha } from '@radledger/consensus';
import {
  type Certificate,
  decodeSeal,
  encodeSeal,
  justificationRootOf,
  type NullifyReason,
  signedBytes,
  simplex,
  type Vote,
} from '@radledger/consensus-simplex';
import { createSigner, equalBytes, type Signer, toHex, verifyAll, vrfProve } from '@radledger/primitives';
import {
  attestSource,
  createTransaction,
  type PayloadOf,
  type SignedTransaction,
  signAcceptance,
  signatureClaims,
  signDelegateAcceptance,
  signKeyProof,
  signMoveAcceptance,
  type TransactionKind,
} from '@radledger/transactions';
import { cellsAsJson, genesisOf } from './genesis-vectors.js';
import { keyOf, signerOf } from './parties.js';
import { certificateOf, justificationBytes } from './simplex-epoch.js';
import { asJson, fill, type VectorFile } from './vector-file.js';

const rules = createChainRules(simplex);

/** Small enough that quotas, rates, endowments, epochs and duties all move within ten blocks. */
const parameters = {
  epochHeights: 4,
  minimumIntervalMs: 0,
  committeeMax: 2,
  studyAllowBurst: 5,
  studyAllowRefillHeights: 2,
  quotaPeriodHeights: 3,
  rateWindowPeriods: 2,
  sourceStudyBase: 5,
  endowmentHeights: 20,
  dutyGraceHeights: 2,
  dutyWindowEpochs: 1,
};

/** Builds blocks as the leader of a view would, executes them as another node, and writes down both sides. */
class RecordedChain {
  readonly inputs: unknown[] = [];
  readonly outputs: unknown[] = [];
  readonly #state = createMemoryState();
  readonly #included = new Map<string, number>();
  readonly #headers: Header[] = [];
  readonly #seeds = new Map<string, Uint8Array>();
  #nonce = 0;

  private constructor(
    readonly genesis: Genesis,
    readonly chainId: Uint8Array,
  ) {}

  static async open(genesis: Genesis): Promise<RecordedChain> {
    const chain = new RecordedChain(genesis, chainIdOf(genesis));
    const { header, writeSet } = await genesisBlock(genesis, rules);
    chain.#state.commit(writeSet);
    chain.#headers.push(header);
    for (let byte = 0x10; byte < 0x100; byte++) chain.#seeds.set(toHex(await keyOf(byte)), fill(byte));
    return chain;
  }

  get parent(): Header {
    return this.#headers.at(-1) as Header;
  }

  get nextTimestampMs(): number {
    return this.parent.timestampMs + 1_234;
  }

  tx<K extends TransactionKind>(kind: K, signer: Signer, payload: PayloadOf<K>): Promise<SignedTransaction> {
    const expiryHeight = kind === 'revoke-access' ? 0 : this.parent.height + 100;
    const nonce = fill(++this.#nonce, 8);
    return createTransaction({ chainId: this.chainId, kind, signer, payload, expiryHeight, nonce });
  }

  /** @param givenUp - why the voters gave up the views before the block's own, one after another */
  async add(candidates: readonly SignedTransaction[], givenUp: readonly NullifyReason[] = []): Promise<void> {
    const { chainId, parent } = this;
    const claims = candidates.flatMap((transaction) => signatureClaims(transaction, chainId));
    if (!(await verifyAll(claims))) throw new Error('a signature of the vectors must hold');
    const { justification, proposer, bytes } = await this.#lead(givenUp);
    const context = { chainId, parent, state: this.#state, rules, recent: this.#recent() };
    const timestampMs = this.nextTimestampMs;
    const seal = { kind: simplex.sealKind, bytes };
    const { block, left } = await buildBlock({ ...context, candidates, timestampMs, proposer, seal, justification });
    if (left.length > 0) throw new Error(`left out: ${left.map(({ code }) => code).join(', ')}`);
    const executed = await executeBlock({ ...context, block });
    if (executed.status === 'invalid') throw new Error(executed.message);
    const before = new Map(this.#state.cells);
    this.#state.commit(executed.writeSet);
    const changed = [...executed.writeSet.cells].filter(([name, value]) => !isSame(before.get(name), value));
    this.#record(block, candidates, executed.transactions, cellsAsJson(new Map(changed)));
  }

  #record(
    { header, body, id }: Block,
    candidates: readonly SignedTransaction[],
    ordered: readonly SignedTransaction[],
    writes: Record<string, string | null>,
  ): void {
    const { timestampMs, proposer, sealKind, sealBytes, stateRoot, height } = header;
    const { justification } = body;
    const transactions = candidates.map(({ bytes }) => bytes);
    this.#headers.push(header);
    for (const { txId } of ordered) this.#included.set(toHex(txId), height);
    this.inputs.push(asJson({ timestampMs, proposer, sealKind, sealBytes, justification, transactions }));
    const txIds = ordered.map(({ txId }) => txId);
    this.outputs.push(asJson({ txIds, writes, stateRoot, header: encodeHeader(header), id }));
  }

  /** What the leader says of the views since its parent, which all voters signed, and its own seal. */
  async #lead(
    givenUp: readonly NullifyReason[],
  ): Promise<{ justification: Uint8Array; proposer: Uint8Array; bytes: Uint8Array }> {
    const { parent, chainId } = this;
    const height = parent.height + 1;
    const epoch = await this.#epochOf(height);
    const before = parent.height === 0 ? undefined : await this.#epochOf(parent.height);
    const opens = before?.epoch !== epoch.epoch;
    const parentView = before === undefined ? 0 : decodeSeal(parent).view;
    const view = (opens ? 0 : parentView) + 1 + givenUp.length;
    const nullifications = await Promise.all(
      givenUp.map((reason, at) => {
        const blockId = reason === 1 ? fill(0xb0 + at) : undefined;
        return this.#signed(epoch, { kind: 'nullify', view: view - givenUp.length + at, reason, blockId });
      }),
    );
    const about = { view: parentView, blockId: blockIdOf(parent) };
    const justification = justificationBytes({
      nullifications,
      ...(before && {
        parent: opens
          ? await this.#signed(before, { kind: 'finalize', ...about })
          : await this.#signed(before, { kind: 'notarize', ...about, timestampMs: parent.timestampMs }),
      }),
    });
    const leader = leaderOf(chainId, epoch, view);
    const alpha = vrfAlpha({ chainId, seed: epoch.seed, epoch: epoch.epoch, height });
    const vrfProof = vrfProve(this.#seeds.get(toHex(leader.vrfKey)) as Uint8Array, alpha);
    const justificationRoot = justificationRootOf(justification);
    const bytes = encodeSeal({ epoch: epoch.epoch, view, vrfProof, justificationRoot });
    return { justification, proposer: leader.source, bytes };
  }

  async #epochOf(height: number): Promise<EpochContext> {
    const { epochHeights, committeeMax } = this.genesis.parameters;
    const [cell] = await this.#state.getMany([cellKey.epoch(epochOfHeight(height, epochHeights))]);
    return epochContextOf(decodeEpochCell(cell as Uint8Array), { chainId: this.chainId, committeeMax });
  }

  async #signed(epoch: EpochContext, vote: Vote): Promise<Certificate> {
    const message = signedBytes(this.chainId, epoch, vote);
    const votes = epoch.committee.map(async ({ nodeKey }, seat) => {
      const signer = await createSigner(this.#seeds.get(toHex(nodeKey)) as Uint8Array);
      return { seat, vote, signature: await signer.sign(message) };
    });
    return certificateOf(epoch.epoch, await Promise.all(votes));
  }

  #recent() {
    return {
      isRecentTransaction: (txId: Uint8Array) => this.#included.has(toHex(txId)),
      blockIdAt: (height: number) => {
        const header = this.#headers[height];
        return header === undefined ? undefined : blockIdOf(header);
      },
    };
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

export async function chainVectors(): Promise<VectorFile> {
  const raw = await RecordedChain.open(await genesisOf([10, 0], { parameters }));
  await play(raw);
  const guarded = await RecordedChain.open(
    await genesisOf([10, 0], {
      parameters: { ...parameters, stakeWindowEpochs: 1, stakeGrowthBase: 1, stakeGrowthPeriods: 1 },
      policies: { admission: 'open', stake: 'guarded' },
    }),
  );
  await play(guarded);
  for (let more = 0; more < 6; more++) await guarded.add([]);
  const [payer, registry] = await Promise.all([0xa1, 0xa2].map(signerOf));
  const attested = await RecordedChain.open(
    await genesisOf([10, 0], {
      parameters: { ...parameters, stakeWindowEpochs: 2, attestsPerPeriod: 2, stakeChurnBasisPoints: 10_000 },
      policies: { admission: 'attested', stake: 'attested' },
      authorities: [(registry as Signer).publicKey, (payer as Signer).publicKey],
    }),
  );
  await play(attested, payer);
  await attestAfter(attested, payer as Signer, registry as Signer);
  const caseOf = (name: string, chain: RecordedChain) => ({
    name,
    input: { genesis: asJson(chain.genesis), blocks: chain.inputs },
    output: chain.outputs,
  });
  return {
    name: 'chain',
    spec: 'blocks.md',
    cases: [
      caseOf('ten blocks over three epochs', raw),
      caseOf('guarded stake, studies leave the window', guarded),
      caseOf('attested stake and admission', attested),
    ],
  };
}

/** Every kind of record, both sides of every optional part, and what spends, frees and restores a quota. */
async function play(chain: RecordedChain, authority?: Signer): Promise<void> {
  const { chainId } = chain;
  const [a, b, c] = [await signerOf(0x10), await signerOf(0x20), await signerOf(0x70)];
  const [owner1, owner2, owner3, owner4, owner5] = (await Promise.all(
    [0x81, 0x82, 0x83, 0x84, 0x85].map(signerOf),
  )) as [Signer, Signer, Signer, Signer, Signer];
  const [delegate, steward, heir, newSigning, newNode, newVrf] = (await Promise.all(
    [0x91, 0x92, 0x93, 0x94, 0x95, 0x96].map(signerOf),
  )) as [Signer, Signer, Signer, Signer, Signer, Signer];
  const study = (n: number): Uint8Array => fill(0x50 + n);
  const tag = (n: number): Uint8Array => fill(0x70 + n);
  const inAYear = chain.genesis.timeMs + 365 * 86_400_000;

  const defineSource = async (signer: Signer, first: number, name: string) =>
    chain.tx('define-source', signer, {
      source: signer.publicKey,
      name,
      baseUrl: `https://${name.toLowerCase()}.example/gw`,
      tlsPins: [fill(first)],
      nodeKey: await keyOf(first + 1),
      nodeKeyProof: await signKeyProof({
        chainId,
        source: signer.publicKey,
        role: 'node',
        key: await signerOf(first + 1),
      }),
      vrfKey: await keyOf(first + 2),
      vrfKeyProof: await signKeyProof({
        chainId,
        source: signer.publicKey,
        role: 'vrf',
        key: await signerOf(first + 2),
      }),
      admission:
        authority && signer === c
          ? await attestSource({ chainId, source: signer.publicKey, untilHeight: 50, authority })
          : undefined,
    });
  const defineStudy = async (source: Signer, n: number, owner: Signer, signer = source) =>
    chain.tx('define-study', signer, {
      source: source.publicKey,
      studyId: study(n),
      owner: owner.publicKey,
      acceptance: await signAcceptance({ chainId, source: source.publicKey, owner }),
      content: fill(0xe0 + n),
    });
  const allow = (source: Signer, n: number, signer: Signer, to: number, sequence: number, receipt?: Uint8Array) =>
    chain.tx('allow-access', signer, {
      source: source.publicKey,
      studyId: study(n),
      tag: tag(to),
      sequence,
      notAfterMs: inAYear,
      scope: 0,
      consentReceiptHash: receipt,
    });
  const revoke = (source: Signer, n: number, signer: Signer, to: number, sequence: number) =>
    chain.tx('revoke-access', signer, { source: source.publicKey, studyId: study(n), tag: tag(to), sequence });
  const rotate = async (source: Signer, role: 'signing' | 'node' | 'vrf', key: Signer) =>
    chain.tx('rotate-key', source, {
      source: source.publicKey,
      role,
      newKey: key.publicKey,
      proof: await signKeyProof({ chainId, source: source.publicKey, role, key }),
    });
  const setDelegate = async (source: Signer, n: number, owner: Signer, to: Signer | undefined) => {
    const about = { source: source.publicKey, studyId: study(n) };
    return chain.tx('set-delegate', owner, {
      ...about,
      delegate:
        to === undefined
          ? undefined
          : { key: to.publicKey, acceptance: await signDelegateAcceptance({ chainId, ...about, delegate: to }) },
      notAfterMs: to === undefined ? 0 : inAYear,
    });
  };

  await chain.add([await defineSource(b, 0x20, 'Beta'), await defineSource(a, 0x10, 'Alpha')]);
  await chain.add([
    await defineStudy(a, 1, owner1),
    await defineSource(c, 0x70, 'Gamma'),
    await chain.tx('move-source', b, {
      source: b.publicKey,
      name: 'Beta Zürich',
      baseUrl: 'https://beta.example:8443',
      tlsPins: [fill(0x2a), fill(0x2b), fill(0x2c)],
    }),
  ]);
  await chain.add(
    [
      await allow(a, 1, owner1, 1, 10, fill(0xcc)),
      await defineStudy(a, 2, owner2),
      await defineStudy(b, 3, owner3),
      await allow(a, 1, owner1, 2, 11),
    ],
    [0, 0],
  );
  await chain.add([
    await revoke(a, 2, owner2, 1, 5),
    await setDelegate(a, 1, owner1, delegate),
    await defineStudy(c, 4, owner4),
  ]);
  await chain.add([
    await allow(a, 1, delegate, 3, 12),
    await revoke(a, 1, owner1, 1, 20),
    await rotate(c, 'node', newNode),
    await chain.tx('amend-study', a, { source: a.publicKey, studyId: study(2), content: fill(0xef) }),
  ]);
  const heirAcceptance = await signMoveAcceptance({ chainId, source: a.publicKey, studyId: study(1), newOwner: heir });
  await chain.add(
    [
      await setDelegate(b, 3, owner3, steward),
      await chain.tx('move-owner', owner1, {
        source: a.publicKey,
        studyId: study(1),
        newOwner: heir.publicKey,
        acceptance: heirAcceptance,
      }),
    ],
    [0, 3, 1],
  );
  await chain.add([
    await revoke(a, 1, heir, 1, 30),
    await rotate(a, 'signing', newSigning),
    await chain.tx('retire-study', newSigning, { source: a.publicKey, studyId: study(2), reason: 'wrong-patient' }),
  ]);
  await chain.add([
    await allow(a, 1, heir, 1, 40),
    await setDelegate(b, 3, owner3, undefined),
    await chain.tx('retire-study', b, { source: b.publicKey, studyId: study(3), reason: 'owner-request' }),
  ]);
  await chain.add([], [2]);
  const [studyFive, allowFive] = [await defineStudy(a, 5, owner5, newSigning), await allow(a, 5, owner5, 1, 50)];
  await chain.add([allowFive, await rotate(b, 'vrf', newVrf), studyFive]);
}

/** Authorities admit a source ahead, vouch for studies, take it back, and lose what has left the window. */
async function attestAfter(chain: RecordedChain, payer: Signer, registry: Signer): Promise<void> {
  const [a, c, later] = await Promise.all([keyOf(0x10), keyOf(0x70), keyOf(0x60)]);
  const attest = (signer: Signer, payload: Partial<PayloadOf<'attest'>>) =>
    chain.tx('attest', signer, {
      source: a,
      admitUntilHeight: undefined,
      studies: undefined,
      ...payload,
    });
  const studies = (signer: Signer, source: Uint8Array, period: number, countMax: number) =>
    attest(signer, { source, studies: { period, countMax } });
  await chain.add([await studies(registry, a, 1, 1), await studies(payer, c, 1, 9), await studies(payer, a, 1, 2)]);
  await chain.add([await attest(registry, { source: later, admitUntilHeight: 60 })]);
  await chain.add([
    await attest(payer, {
      source: later,
      admitUntilHeight: 61,
      studies: { period: 2, countMax: 3 },
    }),
    await studies(registry, a, 1, 0),
  ]);
  for (let more = 0; more < 6; more++) await chain.add([]);
  await chain.add([await studies(registry, a, 3, 4)]);
}
