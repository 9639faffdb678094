/** A network of two genesis sources in memory, one block a call. */
import { createSigner, type Signer, sha256, utf8 } from '@radledger/primitives';
import {
  type Admission,
  createTransaction,
  type PayloadOf,
  type SignedTransaction,
  signAcceptance,
  signKeyProof,
  type TransactionKind,
} from '@radledger/transactions';
import {
  type BuildBlockInput,
  type BuildBlockResult,
  blockIdOf,
  buildBlock,
  chainIdOf,
  checkTransaction,
  DEFAULT_PARAMETERS,
  type ExecutionResult,
  executeBlock,
  type Genesis,
  genesisBlock,
  type Header,
  type Parameters,
  type RecentBlocks,
} from '../src/index.js';
import { createMemoryState, equalWeightRules, type MemoryState } from '../src/testing/index.js';

/** A key pair that is the same in every run. */
export function signerOf(label: string): Promise<Signer> {
  return createSigner(sha256(utf8(label)));
}

/** 32 bytes that are the same in every run. */
export function idOf(label: string): Uint8Array {
  return sha256(utf8(`id ${label}`));
}

export interface SourceKeys {
  readonly signing: Signer;
  readonly node: Signer;
  readonly vrf: Signer;
}

export async function sourceKeysOf(label: string): Promise<SourceKeys> {
  const [signing, node, vrf] = await Promise.all(
    ['signing', 'node', 'vrf'].map((role) => signerOf(`${label} ${role}`)),
  );
  return { signing: signing as Signer, node: node as Signer, vrf: vrf as Signer };
}

export async function genesisOf(
  labels: readonly string[],
  parameters: Partial<Parameters> = {},
  policies: Partial<Genesis['policies']> = {},
  authorities: readonly Signer[] = [],
): Promise<Genesis> {
  const keys = await Promise.all(labels.map(sourceKeysOf));
  return {
    format: 1,
    name: 'test net',
    timeMs: 1_700_000_000_000,
    moduleId: equalWeightRules.id,
    policies: { admission: 'open', stake: 'raw', ...policies },
    parameters: { ...DEFAULT_PARAMETERS, epochHeights: 5, minimumIntervalMs: 0, ...parameters },
    sources: keys
      .map(({ signing, node, vrf }) => ({
        source: signing.publicKey,
        nodeKey: node.publicKey,
        vrfKey: vrf.publicKey,
        endowment: 10_000,
      }))
      .sort((a, b) => Buffer.compare(a.source, b.source)),
    authorities: authorities.map(({ publicKey }) => publicKey),
    recoveryKeys: [],
    recoveryThreshold: 0,
  };
}

/** The code that the next block gives for a transaction, with `!` when it is lasting; 'ok' when it would stand. */
export async function judge(net: TestNet, transaction: SignedTransaction): Promise<string> {
  const { chainId, state, recent } = net;
  const result = await checkTransaction(transaction, {
    chainId,
    state,
    recent,
    rules: equalWeightRules,
    height: net.parent.height + 1,
    timestampMs: net.nextTimestampMs,
  });
  return result.ok ? 'ok' : `${result.code}${result.permanent ? '!' : ''}`;
}

export class TestNet {
  readonly state: MemoryState = createMemoryState();
  readonly headers: Header[] = [];
  private readonly included = new Map<string, number>();

  private constructor(
    readonly genesis: Genesis,
    readonly chainId: Uint8Array,
  ) {}

  static async open(
    labels: readonly string[] = ['a', 'b'],
    parameters: Partial<Parameters> = {},
    policies: Partial<Genesis['policies']> = {},
    authorities: readonly Signer[] = [],
  ): Promise<TestNet> {
    const genesis = await genesisOf(labels, parameters, policies, authorities);
    const net = new TestNet(genesis, chainIdOf(genesis));
    const { header, writeSet } = await genesisBlock(genesis, equalWeightRules);
    net.state.commit(writeSet);
    net.headers.push(header);
    return net;
  }

  get parent(): Header {
    return this.headers.at(-1) as Header;
  }

  get nextTimestampMs(): number {
    return this.parent.timestampMs + 2_000;
  }

  readonly recent: RecentBlocks = {
    isRecentTransaction: (txId) => {
      const height = this.included.get(Buffer.from(txId).toString('hex'));
      return height !== undefined && height > this.parent.height - this.genesis.parameters.expiryHeightsMax;
    },
    blockIdAt: (height) => {
      const header = this.headers[height];
      return header !== undefined && height > this.parent.height - this.genesis.parameters.expiryHeightsMax
        ? blockIdOf(header)
        : undefined;
    },
  };

  buildInput(candidates: readonly SignedTransaction[], extra: Partial<BuildBlockInput> = {}): BuildBlockInput {
    return {
      chainId: this.chainId,
      parent: this.parent,
      state: this.state,
      rules: equalWeightRules,
      recent: this.recent,
      candidates,
      timestampMs: this.nextTimestampMs,
      proposer: this.genesis.sources[0]?.source as Uint8Array,
      seal: { kind: 1, bytes: Uint8Array.of(this.parent.height % 256) },
      justification: new Uint8Array(3),
      ...extra,
    };
  }

  execute(
    block: BuildBlockResult['block'],
    extra: { decoded?: readonly SignedTransaction[] } = {},
  ): Promise<ExecutionResult> {
    const { chainId, parent, state, recent } = this;
    return executeBlock({ chainId, parent, state, recent, rules: equalWeightRules, block, ...extra });
  }

  /** Builds a block, executes it as another node would, and commits it. */
  async add(
    candidates: readonly SignedTransaction[] = [],
    extra: Partial<BuildBlockInput> = {},
  ): Promise<BuildBlockResult> {
    const built = await buildBlock(this.buildInput(candidates, extra));
    const executed = await this.execute(built.block);
    if (executed.status === 'invalid') throw new Error(`own block refused: ${executed.code} ${executed.message}`);
    this.state.commit(executed.writeSet);
    this.headers.push(built.block.header);
    for (const { txId } of built.selected)
      this.included.set(Buffer.from(txId).toString('hex'), built.block.header.height);
    return built;
  }

  tx<K extends TransactionKind>(
    kind: K,
    signer: Signer,
    payload: PayloadOf<K>,
    options: { expiryHeight?: number; nonce?: Uint8Array } = {},
  ): Promise<SignedTransaction<K>> {
    const expiryHeight = options.expiryHeight ?? (kind === 'revoke-access' ? 0 : this.parent.height + 100);
    const nonce = options.nonce === undefined ? {} : { nonce: options.nonce };
    return createTransaction({ chainId: this.chainId, kind, signer, payload, expiryHeight, ...nonce });
  }

  async defineSource(label: string, admission?: Admission): Promise<SignedTransaction<'define-source'>> {
    const { signing, node, vrf } = await sourceKeysOf(label);
    const source = signing.publicKey;
    const { chainId } = this;
    return this.tx('define-source', signing, {
      source,
      name: `Hospital ${label}`,
      baseUrl: `https://${label}.example:8443/gateway`,
      tlsPins: [idOf(`${label} pin`)],
      nodeKey: node.publicKey,
      nodeKeyProof: await signKeyProof({ chainId, source, role: 'node', key: node }),
      vrfKey: vrf.publicKey,
      vrfKeyProof: await signKeyProof({ chainId, source, role: 'vrf', key: vrf }),
      admission,
    });
  }

  async defineStudy(label: string, study: string, owner: Signer): Promise<SignedTransaction<'define-study'>> {
    const { signing } = await sourceKeysOf(label);
    const source = signing.publicKey;
    return this.tx('define-study', signing, {
      source,
      studyId: idOf(study),
      owner: owner.publicKey,
      acceptance: await signAcceptance({ chainId: this.chainId, source, owner }),
      content: idOf(`${study} content`),
    });
  }
}
