/** What a clinic week leaves on the ledger: real transactions, in the blocks in which they would stand. */
import { createSigner, type Signer } from '@radledger/primitives';
import { acceptanceMessage, createTransaction } from '@radledger/transactions';
import { Prng } from '../prng.js';
import { type ClinicWeek, MINUTE_MS } from './clinic-week.js';

/** How wallets and sources go about it. */
export interface Habits {
  readonly name: string;
  /** Of the grants of one sitting, those after the first are sent at a random time within it; 0: all at once. */
  readonly spreadGrantsMs: number;
  /** The same for the claims of one sitting. */
  readonly spreadClaimsMs: number;
  /** Whether a grant ends with a UTC day, as everybody's of that day does, or to the millisecond. */
  readonly endsWithDay: boolean;
  /** Sources publish what was claimed at the ends of intervals of this length; 0: at once. */
  readonly publishEveryMs: number;
}

export interface WeekBlock {
  readonly height: number;
  readonly timestampMs: number;
  /** Signed transactions as they travel, in the order of their ids. */
  readonly transactions: readonly Uint8Array[];
}

/** What only the people know, by the hex of what the observer sees. */
export interface Truth {
  /** Patient by study id. */
  readonly patientOf: ReadonlyMap<string, number>;
  /** Practice by tag. */
  readonly practiceOf: ReadonlyMap<string, number>;
}

export interface WeekLedger {
  readonly chainId: Uint8Array;
  readonly blocks: readonly WeekBlock[];
  readonly truth: Truth;
}

const MONDAY_MS = Date.UTC(2026, 10, 23);
const SLOT_MS = 2_000;
const DAY_MS = 1_440 * MINUTE_MS;
const DAYS_GRANTED = 30;
/** As wallets set it: blocks ahead of the one before. */
const EXPIRY_BLOCKS = 256;

/** @returns the same blocks for the same week, habits and seed */
export async function writeWeekLedger(week: ClinicWeek, habits: Habits, seed: number): Promise<WeekLedger> {
  const random = new Prng(seed);
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.between(0, 255));
  const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
  const chainId = bytes(32);
  const sources = new Map<number, Signer>();
  const signerOf = async (source: number): Promise<Signer> => {
    const known = sources.get(source) ?? (await createSigner(bytes(32)));
    sources.set(source, known);
    return known;
  };
  const written = new Map<number, { readonly bytes: Uint8Array; readonly txId: Uint8Array }[]>();
  const write = async (
    sentMs: number,
    sign: (height: number, timestampMs: number) => ReturnType<typeof createTransaction>,
  ): Promise<void> => {
    const height = Math.floor(sentMs / SLOT_MS) + 1;
    const block = written.get(height) ?? [];
    written.set(height, block);
    block.push(await sign(height, MONDAY_MS + (height - 1) * SLOT_MS));
  };
  const patientOf = new Map<string, number>();
  const practiceOf = new Map<string, number>();

  const owners: {
    readonly signer: Signer;
    readonly source: Uint8Array;
    readonly studyId: Uint8Array;
    readonly publishedMs: number;
  }[] = [];
  let sitting = -1;
  const delayOf = (of: { readonly sitting: number }, spreadMs: number): number => {
    const isFirst = of.sitting !== sitting;
    sitting = of.sitting;
    return isFirst || spreadMs === 0 ? 0 : random.between(0, spreadMs);
  };
  for (const study of week.studies) {
    const { patient, source: number } = study;
    const claimedMs = study.claimedMs + delayOf(study, habits.spreadClaimsMs);
    const centre = await signerOf(number);
    const source = centre.publicKey;
    const owner = await createSigner(bytes(32));
    const studyId = bytes(32);
    patientOf.set(hex(studyId), patient);
    const acceptance = await owner.sign(acceptanceMessage({ chainId, source, ownerKey: owner.publicKey }));
    const { publishEveryMs } = habits;
    const publishedMs = publishEveryMs === 0 ? claimedMs : Math.ceil(claimedMs / publishEveryMs) * publishEveryMs;
    owners.push({ signer: owner, source, studyId, publishedMs });
    const payload = { source, studyId, owner: owner.publicKey, acceptance, content: bytes(32) };
    await write(publishedMs, (height) =>
      createTransaction({
        chainId,
        kind: 'define-study',
        signer: centre,
        expiryHeight: height + EXPIRY_BLOCKS,
        payload,
        nonce: bytes(8),
      }),
    );
  }

  const grants: { readonly tag: Uint8Array; readonly sentMs: number }[] = [];
  for (const share of week.shares) {
    const { signer, source, studyId, publishedMs } = owners[share.study] as (typeof owners)[number];
    const sentMs = Math.max(share.tappedMs + delayOf(share, habits.spreadGrantsMs), publishedMs + 2 * SLOT_MS);
    const tag = bytes(32);
    grants.push({ tag, sentMs });
    practiceOf.set(hex(tag), share.practice);
    const endMs = MONDAY_MS + share.tappedMs + DAYS_GRANTED * DAY_MS;
    const notAfterMs = habits.endsWithDay ? Math.ceil(endMs / DAY_MS) * DAY_MS - 1 : endMs;
    await write(sentMs, (height, timestampMs) =>
      createTransaction({
        chainId,
        kind: 'allow-access',
        signer,
        expiryHeight: height + EXPIRY_BLOCKS,
        payload: { source, studyId, tag, sequence: timestampMs, notAfterMs, scope: 0, consentReceiptHash: bytes(32) },
        nonce: bytes(8),
      }),
    );
  }

  for (const { share, tappedMs } of week.stops) {
    const { study } = week.shares[share] as (typeof week.shares)[number];
    const { signer, source, studyId } = owners[study] as (typeof owners)[number];
    const { tag, sentMs } = grants[share] as (typeof grants)[number];
    // Never spread: who stops wants it now. A grant that waits to be sent is not sent at all; here it had been.
    await write(Math.max(tappedMs, sentMs + SLOT_MS), (_, timestampMs) =>
      createTransaction({
        chainId,
        kind: 'revoke-access',
        signer,
        expiryHeight: 0,
        payload: { source, studyId, tag, sequence: timestampMs },
        nonce: bytes(8),
      }),
    );
  }

  const blocks = [...written.entries()]
    .sort(([a], [b]) => a - b)
    .map(([height, transactions]) => ({
      height,
      timestampMs: MONDAY_MS + height * SLOT_MS,
      transactions: transactions.sort((a, b) => Buffer.compare(a.txId, b.txId)).map((one) => one.bytes),
    }));
  return { chainId, blocks, truth: { patientOf, practiceOf } };
}
