/**
 * Reads the ledger through a node that is not believed: from a checkpoint along the ends of epochs to the newest voters, then finalized
 * headers, then proven cells. Spec: docs/spec/light-client.md.
 */
import {
  type Boundary,
  BOUNDARIES_MAX,
  boundaryOfCheckpoint,
  cellKey,
  ChainError,
  type Checkpoint,
  CHECKPOINT_AGE_MAX_MS,
  blockIdOf,
  decodeCellProof,
  decodeGrantCell,
  decodeHeader,
  decodeStudyCell,
  epochOfHeight,
  followBoundary,
  hashedKeyOf,
  type Header,
  type LightRules,
  validateCheckpointAge,
  verifyBucket,
  verifyFinalHeader,
} from '@radledger/chain';
import { equalBytes, toHex } from '@radledger/primitives';
import { ClientError, isRefusal } from '../errors.js';
import type { NodeClient, StateAnswer, StatePart } from '../node-client.js';
import { grantStatus, type GrantVerdict } from './grant-verdict.js';
import { bucketDigitsFor, PREFIX_LENGTH_MAX } from './bucket-size.js';

export interface LightClientOptions extends LightRules {
  readonly node: Pick<NodeClient, 'boundaries' | 'state'>;
  /** From somebody the reader trusts; or the newest of an earlier run, from `checkpoint()`. */
  readonly checkpoint: Checkpoint;
  /** Oldest boundary that anything is believed from, the checkpoint or a later one; default 28 days. Genesis may be older only with a larger bound. */
  readonly checkpointAgeMaxMs?: number;
  /** Oldest state that is believed, by the timestamp of its header and the reader's clock; default 60,000 (design D11). */
  readonly viewAgeMaxMs?: number;
  /** Unix ms; default `Date.now`. */
  readonly now?: () => number;
}

/** Cells of one finalized state, all under the same header. */
export interface ProvenCells {
  readonly header: Header;
  /** In the order asked; undefined for what is proven absent. */
  readonly values: readonly (Uint8Array | undefined)[];
  readonly viewAgeMs: number;
}

/** What came with an answer of a node. */
export interface HeaderProof {
  /** Canonical bytes. */
  readonly header: Uint8Array;
  readonly finality: Uint8Array | null;
}

export interface BelieveOptions {
  /** Height of the newest header known when this one was asked for: an older one is refused. Default: any that can be proven. */
  readonly floor?: number;
  /** Default `viewAgeMaxMs`. */
  readonly ageMaxMs?: number;
  readonly signal?: AbortSignal;
}

export interface LightClient {
  /**
   * Follows the ends of epochs to the newest that the node tells. `grant` and `cells` call it when they need it.
   * @throws {ClientError} `CHECKPOINT_UNKNOWN` | `CHECKPOINT_TOO_OLD` | `PROOF_INVALID` and those of every request
   */
  follow(signal?: AbortSignal): Promise<Boundary>;
  /** The newest boundary that was verified; headers below it can no longer be proven. */
  boundary(): Boundary | undefined;
  /** The newest boundary that was verified: kept by an app, it is where the next run starts. */
  checkpoint(): Checkpoint;
  /**
   * The header, when it is final and new enough.
   * @throws {ClientError} as `cells`
   */
  believe(proof: HeaderProof, options?: BelieveOptions): Promise<Header>;
  /**
   * Proven values of cells by name. The node learns parts of the tree that hold about a hundred cells, not the names.
   * @throws {ClientError} as `follow`; `VIEW_TOO_OLD` | `CLOCK_BEHIND` | `CONFLICTING_FINALITY`
   */
  cells(names: readonly Uint8Array[], signal?: AbortSignal): Promise<ProvenCells>;
  /** Whether a grant is live, with proof. @throws {ClientError} as `cells` */
  grant(
    id: { readonly source: Uint8Array; readonly studyId: Uint8Array; readonly tag: Uint8Array },
    signal?: AbortSignal,
  ): Promise<GrantVerdict>;
}

const VIEW_AGE_MAX_MS = 60_000;
/** How many digits longer than expected a prefix may become when a node finds its part too large. */
const REFINEMENTS_MAX = 2;

export function createLightClient(options: LightClientOptions): LightClient {
  const { node, now = Date.now, epochHeights } = options;
  const { checkpointAgeMaxMs = CHECKPOINT_AGE_MAX_MS, viewAgeMaxMs = VIEW_AGE_MAX_MS } = options;
  let trusted: Boundary | undefined;
  let newest: { readonly height: number; readonly id: Uint8Array } | undefined;
  let digits: number | undefined;
  /** The parts proven last: a reader that comes again is told only what changed. */
  let held: { readonly height: number; readonly parts: ReadonlyMap<string, StatePart['cells']> } | undefined;
  let following: Promise<Boundary> | undefined;

  async function followNow(signal: AbortSignal | undefined): Promise<Boundary> {
    if (trusted) await refuseOld(trusted);
    for (;;) {
      const fromEpoch = trusted ? trusted.epoch.epoch + 1 : options.checkpoint.height / epochHeights;
      const records = await node.boundaries({ fromEpoch, limit: BOUNDARIES_MAX }, { ...(signal && { signal }) });
      for (const record of records) {
        const next = await checked(async () => {
          if (trusted) return followBoundary(trusted, record, options);
          const first = boundaryOfCheckpoint(record, options.checkpoint, options);
          await refuseOld(first);
          return first;
        });
        refuseFuture(next.header);
        trusted = next;
        // The way to this cell is about as long as to any other: it tells how many cells there are.
        digits = bucketDigitsFor(decodeCellProof(record.path).siblings.length);
      }
      if (!trusted)
        throw new ClientError(
          { code: 'CHECKPOINT_UNKNOWN' },
          'this node does not have the block that the checkpoint names',
        );
      if (records.length === 0) return trusted;
    }
  }

  /** One run at a time: who asks meanwhile shares it. */
  function follow(signal?: AbortSignal): Promise<Boundary> {
    following ??= followNow(signal).finally(() => {
      following = undefined;
    });
    return following;
  }

  /** Voters of long ago could sign another history: what was verified long ago is believed no more. */
  function refuseOld({ header }: Boundary): Promise<void> {
    const bound = { nowMs: now(), ageMaxMs: checkpointAgeMaxMs };
    return checked(() => Promise.resolve(validateCheckpointAge(header, bound)));
  }

  function refuseFuture({ timestampMs }: Header): void {
    if (timestampMs - now() <= viewAgeMaxMs) return;
    throw new ClientError({ code: 'CLOCK_BEHIND' }, 'the ledger is ahead of the clock of this device: set the clock');
  }

  async function believe(answer: HeaderProof, how: BelieveOptions = {}): Promise<Header> {
    const { floor = 0, ageMaxMs = viewAgeMaxMs, signal } = how;
    const header = await checked(() => Promise.resolve(decodeHeader(answer.header)));
    let boundary = trusted ?? (await follow(signal));
    await refuseOld(boundary);
    if (epochOfHeight(header.height, epochHeights) > boundary.epoch.epoch) boundary = await follow(signal);
    const id = blockIdOf(answer.header);
    const ageMs = now() - header.timestampMs;
    if (header.height < Math.max(floor, boundary.header.height) || ageMs > ageMaxMs) {
      throw new ClientError({ code: 'VIEW_TOO_OLD', ageMs, ageMaxMs }, 'expected a newer state: ask another node');
    }
    refuseFuture(header);
    if (header.height === boundary.header.height) refuseOther(id, boundary.id);
    else await checked(() => verifyFinalHeader(boundary, header, answer.finality ?? new Uint8Array(0), options));
    if (newest?.height === header.height) refuseOther(id, newest.id);
    if (!newest || header.height > newest.height) newest = { height: header.height, id };
    return header;
  }

  function refuseOther(id: Uint8Array, known: Uint8Array): void {
    if (equalBytes(id, known)) return;
    throw new ClientError(
      { code: 'CONFLICTING_FINALITY' },
      'two blocks of one height: believe neither this node nor the other',
    );
  }

  async function cells(names: readonly Uint8Array[], signal?: AbortSignal): Promise<ProvenCells> {
    if (digits === undefined) await follow(signal);
    const keys = names.map((name) => toHex(hashedKeyOf(name)));
    const floor = newest?.height ?? 0;
    const start = digits ?? 0;
    for (let length = start; ; length += 1) {
      const prefixes = [...new Set(keys.map((key) => key.slice(0, length)))].sort();
      let answer: StateAnswer;
      try {
        answer = await newestState(prefixes, signal);
      } catch (error) {
        // A node that finds every part too large would learn the name digit by digit.
        const isLast = length >= Math.min(PREFIX_LENGTH_MAX, start + REFINEMENTS_MAX);
        if (isRefusal(error, 'BUCKET_TOO_LARGE') && !isLast) continue;
        throw error;
      }
      const header = await believe(answer, { floor, ...(signal && { signal }) });
      const before = held;
      held = undefined;
      const parts = new Map(
        prefixes.map((prefix, index) => {
          const part = answer.parts[index];
          if (part?.prefix !== prefix) throw proofInvalid();
          const cells = part.changed ? mergeChanges(before?.parts.get(prefix) ?? [], part.changed) : part.cells;
          const proof = decodedPath(part.path);
          if (!verifyBucket({ stateRoot: header.stateRoot, prefix, cells, proof })) throw proofInvalid();
          return [prefix, cells];
        }),
      );
      held = { height: header.height, parts };
      const values = names.map((name, index) => {
        const part = parts.get((keys[index] as string).slice(0, length)) ?? [];
        return part.find((cell) => equalBytes(cell.name, name))?.value;
      });
      return { header, values, viewAgeMs: Math.max(0, now() - header.timestampMs) };
    }
  }

  /** Parts of the newest state; of parts that were proven before, only what changed since. */
  async function newestState(prefixes: readonly string[], signal: AbortSignal | undefined): Promise<StateAnswer> {
    const call = { ...(signal && { signal }) };
    const isHeld = held !== undefined && prefixes.every((prefix) => held?.parts.has(prefix));
    if (held === undefined || !isHeld) return node.state({ prefixes }, call);
    try {
      return await node.state({ prefixes, since: held.height }, call);
    } catch (error) {
      if (!isRefusal(error, 'CHANGES_UNKNOWN') && !isRefusal(error, 'REQUEST_INVALID')) throw error;
      return node.state({ prefixes }, call);
    }
  }

  return {
    follow,
    boundary: () => trusted,
    believe,
    checkpoint: () => (trusted ? { height: trusted.header.height, id: trusted.id } : options.checkpoint),
    cells,
    async grant({ source, studyId, tag }, signal) {
      const names = [cellKey.grant(source, studyId, tag), cellKey.study(source, studyId)];
      const { header, values, viewAgeMs } = await cells(names, signal);
      const [grantBytes, studyBytes] = values;
      const grant = grantBytes && decodeGrantCell(grantBytes);
      const study = studyBytes && decodeStudyCell(studyBytes);
      const status = grantStatus({ grant, study, finalizedTimestampMs: header.timestampMs, nowMs: now() });
      return { status, grant, study, header, viewAgeMs };
    },
  };
}

/** Cells of a part after the places that changed were replaced. What comes of it is proven like any part. */
function mergeChanges(cells: StatePart['cells'], changed: NonNullable<StatePart['changed']>): StatePart['cells'] {
  const places = new Set(changed.map(({ place }) => place));
  const stayed = cells.filter(({ name }) => !places.has(toHex(hashedKeyOf(name).subarray(0, 4))));
  return [...stayed, ...changed.flatMap((place) => place.cells)];
}

function decodedPath(path: Uint8Array): ReturnType<typeof decodeCellProof> {
  try {
    return decodeCellProof(path);
  } catch (cause) {
    throw proofInvalid(cause);
  }
}

async function checked<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (cause) {
    if (!(cause instanceof ChainError)) throw cause;
    if (cause.info.code === 'CHECKPOINT_TOO_OLD') throw new ClientError(cause.info, cause.message, { cause });
    throw proofInvalid(cause);
  }
}

function proofInvalid(cause?: unknown): ClientError {
  return new ClientError({ code: 'PROOF_INVALID' }, 'the proof does not show what the node says', { cause });
}
