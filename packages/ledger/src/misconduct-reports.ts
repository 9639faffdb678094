/**
 * Reports what consensus can prove, until the chain knows it. Spec: docs/spec/evidence.md, section 6.
 * Holds at most 256 proofs and 4 MiB of them; they are gone with a restart, and with them nothing that others did not see.
 */
import { cellKey, decodeMisconductCell, judgeOffence, type Parameters, type Policies } from '@radledger/chain';
import type { EvidenceRegistry } from '@radledger/consensus';
import { type Signer, toHex } from '@radledger/primitives';
import { createTransaction } from '@radledger/transactions';
import type { EpochContexts } from './epoch-contexts.js';
import { LedgerError } from './errors.js';
import type { LedgerLogger } from './logger.js';

const PROOFS_MAX = 256;
const PROOF_BYTES_MAX = 4 * 1024 * 1024;

export interface Found {
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

export interface MisconductReportsOptions {
  readonly chainId: Uint8Array;
  readonly parameters: Parameters;
  readonly policies: Policies;
  readonly registry: EvidenceRegistry;
  readonly epochs: EpochContexts;
  /** Signs the reports; without one this node only follows, and tells its log. */
  readonly signer: Signer | undefined;
  /** Cells of the newest finalized state. */
  readonly cells: (names: readonly Uint8Array[]) => Promise<readonly (Uint8Array | undefined)[]>;
  readonly finalizedHeight: () => number;
  /** Whether a report about this source and epoch waits for a block: another kind follows it. */
  readonly isPending: (source: Uint8Array, epoch: number) => boolean;
  /** @throws {LedgerError} */
  readonly submit: (bytes: Uint8Array) => Promise<unknown>;
  readonly logger: LedgerLogger;
  readonly failed: (error: unknown) => void;
}

export interface MisconductReports {
  found(proof: Found): void;
  /** A block is final: what it reported is forgotten, what did not get into one is sent again. */
  finalized(): void;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

interface Proof extends Found {
  readonly source: Uint8Array;
  readonly nodeKey: Uint8Array;
  readonly kind: number;
  /** Newest finalized height when it was found. */
  readonly sinceHeight: number;
}

export function createMisconductReports(options: MisconductReportsOptions): MisconductReports {
  const { chainId, parameters, policies, registry, epochs, signer, logger } = options;
  const proofs = new Map<string, Proof>();
  let bytesHeld = 0;
  let running: Promise<void> | undefined;
  let again = false;

  async function keep({ epoch, bytes }: Found): Promise<void> {
    const context = await epochs.load(epoch);
    if (!context) return;
    const judgement = registry.judge({
      evidence: bytes,
      chainId,
      parameters,
      policies,
      epoch: context,
      judgeOffence: (header, offence) => judgeOffence(header, offence, { chainId, parameters, policies }),
    });
    if (!judgement) return;
    const { kind, view, verdict, offenders } = judgement;
    const sinceHeight = options.finalizedHeight();
    const sources = offenders.map(({ source }) => toHex(source));
    logger.warn({ kind: registry.kinds.get(kind) ?? kind, epoch, view, sources }, 'misconduct is proven');
    // Who stands in two certificates at once is reported by the pair that they contain.
    if (offenders.length > 1) return;
    for (const { source, nodeKey } of offenders) {
      // Each late view speaks for itself; of all else one report a source, epoch and kind is enough.
      const name = `${toHex(source)}/${epoch}/${kind}/${verdict === 'LATE' ? view : ''}`;
      if (proofs.has(name) || proofs.size >= PROOFS_MAX || bytesHeld + bytes.length > PROOF_BYTES_MAX) continue;
      proofs.set(name, { epoch, bytes, source, nodeKey, kind, sinceHeight });
      bytesHeld += bytes.length;
    }
  }

  function forget(name: string): void {
    bytesHeld -= proofs.get(name)?.bytes.length ?? 0;
    proofs.delete(name);
  }

  async function report(): Promise<void> {
    const held = [...proofs];
    const cells = await options.cells(held.map(([, { source, epoch }]) => cellKey.misconduct(source, epoch)));
    for (const [index, [name, proof]] of held.entries()) {
      const cell = cells[index];
      const { source, epoch, kind, sinceHeight } = proof;
      if (sinceHeight + parameters.expiryHeightsMax < options.finalizedHeight()) forget(name);
      else if (cell && decodeMisconductCell(cell).reports.some((known) => known.kind === kind)) forget(name);
      else if (signer && !options.isPending(source, epoch)) await submit(name, proof, signer);
    }
  }

  async function submit(name: string, { source, nodeKey, epoch, bytes }: Proof, by: Signer): Promise<void> {
    try {
      const { bytes: signed } = await createTransaction({
        chainId,
        kind: 'report-misconduct',
        signer: by,
        expiryHeight: options.finalizedHeight() + parameters.expiryHeightsMax,
        payload: { source, nodeKey, epoch, evidence: bytes },
      });
      await options.submit(signed);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      if (error.info.code === 'TRANSACTION_REFUSED' && error.info.permanent) forget(name);
    }
  }

  /** One after another: what is found meanwhile is looked at in the next round. */
  function run(work: () => Promise<void>): void {
    running = (running ?? Promise.resolve()).then(work).catch(options.failed);
  }

  return {
    found(proof) {
      run(async () => {
        await keep(proof);
        await report();
      });
    },
    finalized() {
      if (proofs.size === 0 || again) return;
      again = true;
      run(async () => {
        again = false;
        await report();
      });
    },
    async settled() {
      await running;
    },
  };
}
