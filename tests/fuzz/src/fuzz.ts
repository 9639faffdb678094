/** A small coverage-guided fuzzer: what reaches new code is kept and changed further. */
import { readFileSync, writeFileSync } from 'node:fs';
import { CodedError } from '@radledger/primitives';
import { Coverage } from './coverage.js';
import { mutate } from './mutate.js';
import { Random } from './random.js';

/** Something that reads bytes from outside. */
export interface Target {
  readonly name: string;
  /** Words of the format, to be put into inputs. */
  readonly words: readonly string[];
  corpus(): Promise<readonly Uint8Array[]>;
  /** Refuses by an error with a code; any other error is a finding. */
  read(input: Uint8Array): Promise<unknown>;
  /** Frees what it holds between executions. */
  close?(): Promise<void>;
}

export interface FuzzFigures {
  readonly target: string;
  readonly seed: number;
  readonly seconds: number;
  readonly executions: number;
  /** Of these executions. */
  readonly accepted: number;
  readonly corpus: number;
  readonly blocks: number;
  /** Largest resident memory of the process while this target ran, and by how much that is above what the corpus took. */
  readonly peakMiB: number;
  readonly growthMiB: number;
}

const BATCH = 40;
const CPU_MS_MAX = 5_000;
const CORPUS_MAX = 2_000;
const MIB = 1024;

/**
 * Runs a target for a time.
 * @throws {FuzzFinding} the first input that it neither accepts nor refuses
 */
export async function fuzz(target: Target, { seed, seconds }: { seed: number; seconds: number }): Promise<FuzzFigures> {
  const random = new Random(seed);
  const corpus = Array.from(await target.corpus());
  const coverage = await Coverage.start();
  try {
    let accepted = 0;
    forgetPeak();
    for (const input of corpus) accepted += Number(await runOnce(target, input));
    await coverage.isNew();
    const warmMiB = peakMiB();
    let executions = corpus.length;
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const batch = Array.from({ length: BATCH }, () =>
        mutate(random.of(corpus), { random, corpus, words: target.words }),
      );
      for (const input of batch) accepted += Number(await runOnce(target, input));
      executions += batch.length;
      if (await coverage.isNew()) corpus.push(...batch.slice(0, CORPUS_MAX - corpus.length));
    }
    const { name } = target;
    const figures = {
      target: name,
      seed,
      seconds,
      executions,
      accepted,
      corpus: corpus.length,
      blocks: coverage.blocks,
    };
    return { ...figures, peakMiB: peakMiB(), growthMiB: peakMiB() - warmMiB };
  } finally {
    await coverage.stop();
    await target.close?.();
  }
}

/** An input that made a reader fail. */
export class FuzzFinding extends Error {
  override readonly name = 'FuzzFinding';
}

/** @returns whether the target accepted it */
async function runOnce(target: Target, input: Uint8Array): Promise<boolean> {
  const before = process.cpuUsage();
  const said = await target.read(input).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (said !== undefined && !(said instanceof CodedError)) throw finding(target, input, said);
  const { user, system } = process.cpuUsage(before);
  if (user + system > CPU_MS_MAX * 1000) throw finding(target, input, new Error(`more than ${CPU_MS_MAX} ms of CPU`));
  return said === undefined;
}

function finding({ name }: Target, input: Uint8Array, cause: unknown): FuzzFinding {
  return new FuzzFinding(`${name} failed on ${Buffer.from(input).toString('base64')}`, { cause });
}

/** proc(5): sets `VmHWM` back to what is resident now, so that no target hides below the peak of another. */
function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}

function peakMiB(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / MIB);
}
