/**
 * A consensus module for tests of the ledger alone: the first member of an epoch makes every block and signs its id, and that
 * signature is the finality proof. Trusts one node; nothing else of a ledger may depend on which module it runs.
 */
import {
  type Block,
  blockIdOf,
  decodeBody,
  decodeHeader,
  encodeBody,
  encodeHeader,
  epochOfHeight,
} from '@radledger/chain';
import {
  type ConsensusInstance,
  type ConsensusModule,
  ConsensusError,
  type Effect,
  EMPTY_REGISTRY,
  type EpochContext,
  type FinalizedState,
  type Input,
  type ModuleContext,
} from '@radledger/consensus';
import { bytes, decodeWith, encodeCanonical, encodeWith, equalBytes, struct } from '@radledger/primitives';

const SEAL_KIND = 200;
const messageSchema = struct({
  header: bytes({ max: 8_192 }),
  body: bytes({ max: 2 * 1024 * 1024 }),
  signature: bytes({ length: 64 }),
});

function signedBytes(chainId: Uint8Array, blockId: Uint8Array): Uint8Array {
  return encodeCanonical(['radledger/test-solo/1', chainId, blockId]);
}

function decodeMessage(encoded: Uint8Array): { readonly block: Block; readonly signature: Uint8Array } {
  try {
    const { header, body, signature } = decodeWith(messageSchema, encoded, { bytesMax: 4 * 1024 * 1024 });
    const block = {
      header: decodeHeader(header),
      body: decodeBody(body, { bytesMax: 2 * 1024 * 1024 }),
      id: blockIdOf(header),
    };
    return { block, signature };
  } catch (cause) {
    throw new ConsensusError({ code: 'MALFORMED_MESSAGE' }, 'expected a signed block', { cause });
  }
}

function leader(epoch: EpochContext): EpochContext['leaders'][number] {
  const [first] = epoch.leaders;
  if (!first) throw new ConsensusError({ code: 'NO_STAKE', sourceCount: 0 }, 'expected a member');
  return first;
}

class SoloInstance implements ConsensusInstance {
  private finalized: FinalizedState | undefined;
  private waiting = false;
  private building = false;
  private built: Block | undefined;
  private readonly heard = new Map<string, { readonly block: Block; readonly signature: Uint8Array }>();

  constructor(private readonly context: ModuleContext) {}

  private get leads(): boolean {
    const { identity } = this.context;
    return !!identity && !!this.finalized && equalBytes(leader(this.finalized.epoch).source, identity.source);
  }

  status(): ReturnType<ConsensusInstance['status']> {
    const voting = this.leads
      ? ({ allowed: true } as const)
      : ({ allowed: false, reason: 'NOT_IN_COMMITTEE' } as const);
    return { epoch: 0, view: 0, finalizedHeight: this.finalized?.header.height ?? 0, voting };
  }

  neededRecords(): readonly never[] {
    return [];
  }

  step(input: Input): readonly Effect[] {
    switch (input.type) {
      case 'start':
      case 'synced':
        this.finalized = input.finalized;
        this.building = false;
        return this.propose(input.now);
      case 'pending':
        this.waiting = input.waiting;
        return this.propose(input.now);
      case 'built': {
        const { block } = input;
        if (!block || block.body.transactions.length === 0) {
          this.building = false;
          return [];
        }
        this.built = block;
        const bytes = signedBytes(this.context.chainId, block.id);
        const { height } = block.header;
        return [
          { type: 'adopt', blockId: block.id },
          { type: 'sign', record: { kind: 1, epoch: 0, view: height, bytes, support: [] } },
        ];
      }
      case 'signed': {
        const block = this.built;
        if (!block) return [];
        const header = encodeHeader(block.header);
        const bytes = encodeWith(messageSchema, { header, body: encodeBody(block.body), signature: input.signature });
        return [
          { type: 'finalize', blocks: [{ block, proof: input.signature }] },
          { type: 'broadcast', bytes },
        ];
      }
      case 'message': {
        const heard = decodeMessage(input.bytes);
        const tip = this.finalized?.header.height ?? 0;
        const { height } = heard.block.header;
        if (height <= tip || this.leads) return [];
        if (height > tip + 1) return [{ type: 'behind', peer: input.peer, height }];
        this.heard.set(String(height), heard);
        return [{ type: 'verify', block: heard.block }];
      }
      case 'verdict': {
        const heard = [...this.heard.values()].find(({ block }) => equalBytes(block.id, input.blockId));
        if (!heard || input.verdict.kind !== 'valid') return [];
        this.heard.clear();
        this.built = heard.block;
        return [
          { type: 'adopt', blockId: heard.block.id },
          { type: 'finalize', blocks: [{ block: heard.block, proof: heard.signature }] },
        ];
      }
      case 'committed': {
        const { finalized } = this;
        if (!finalized) return [];
        this.finalized = input.next ?? { ...finalized, header: this.built?.header ?? finalized.header };
        this.building = false;
        return this.propose(input.now);
      }
      default:
        return [];
    }
  }

  private propose(now: number): readonly Effect[] {
    const { finalized } = this;
    if (!finalized || !this.leads || !this.waiting || this.building) return [];
    this.building = true;
    const parent = finalized.header;
    return [
      {
        type: 'build',
        request: {
          buildId: parent.height + 1,
          parent,
          timestampMs: Math.max(now, parent.timestampMs + 1),
          proposer: leader(finalized.epoch).source,
          seal: { kind: SEAL_KIND, bytes: new Uint8Array(0) },
          justification: new Uint8Array(0),
        },
      },
    ];
  }
}

export const solo: ConsensusModule = {
  id: 'test-solo/1',
  sealKind: SEAL_KIND,
  caps: { finality: 'instant', reorganises: false, dutyEvidence: 'none' },
  checkParameters: () => undefined,
  create: (context) => new SoloInstance(context),
  claims(encoded, { chainId, epoch }) {
    const { block, signature } = decodeMessage(encoded);
    const context = epoch(0);
    if (!context) return { epoch: undefined, claims: undefined };
    return { epoch: 0, claims: [{ key: leader(context).nodeKey, message: signedBytes(chainId, block.id), signature }] };
  },
  sealClaims({ header, epoch }) {
    if (header.sealKind !== SEAL_KIND || !equalBytes(header.proposer, leader(epoch).source)) {
      throw new ConsensusError({ code: 'MALFORMED_SEAL' }, "expected the first member's seal");
    }
    return [];
  },
  finalityClaims({ header, proof, epoch, chainId }) {
    if (proof.length !== 64) throw new ConsensusError({ code: 'MALFORMED_PROOF' }, 'expected a signature');
    return [{ key: leader(epoch).nodeKey, message: signedBytes(chainId, blockIdOf(header)), signature: proof }];
  },
  checkBody({ body }) {
    if (body.justification.length > 0) throw new ConsensusError({ code: 'WRONG_BODY' }, 'expected no justification');
  },
  evidence: EMPTY_REGISTRY,
  randomnessOf: () => undefined,
  dutiesOf: ({ header: { height } }, { epoch, parameters }) => {
    const number = epochOfHeight(height, parameters.epochHeights);
    const context = epoch(number);
    if (!context) throw new ConsensusError({ code: 'NO_SEED', epoch: number }, 'expected a known epoch');
    const { source } = leader(context);
    const zeros = [0n, 0n, 0n, 0n] as const;
    return [
      {
        height,
        epoch: number,
        view: height,
        source,
        class: 'PRODUCED',
        reasonWeights: zeros,
        totalWeight: context.totalWeight,
      },
    ];
  },
};
