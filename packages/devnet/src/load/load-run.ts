/**
 * How a gateway bears many requests at once, and many that it must refuse: real processes, TLS, a ledger of four nodes. CPU is that of
 * the gateway's process alone, read from /proc; the latencies hold the requester's own work on the same machine.
 */
import { readFile } from 'node:fs/promises';
import { ask } from '../document-consumer.js';
import { startLocalNet } from '../local-net.js';
import { crowd, entitled, newcomer, refusedSenders, type Sender, THOUSAND } from './requests.js';
import { openSilentSockets } from './silent-sockets.js';
import { openSmallHospital } from './small-hospital.js';

/** Of `CLK_TCK`, which is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;
/** The gateway's own default: what strangers ask for must not keep it from others. */
const MISSES_PER_MINUTE = 1_200;
/** One of so many requests to refuse names a thousand documents; as many connections are silent. */
const LARGE_ONE_IN = 20;

export interface LoadOptions {
  /** Empty. */
  readonly folder: string;
  /** Entitled requests, all under way at once. */
  readonly requests: number;
  /** Requests to refuse, of all kinds together. */
  readonly refused: number;
  readonly tell: (line: string) => void;
}

interface Phase {
  readonly count: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the gateway, a request. */
  readonly cpuMs: number;
  /** How often each came. */
  readonly answers: Readonly<Record<string, number>>;
}

export interface LoadResult {
  readonly documentBytes: number;
  /** The first request of a key, after strangers at other addresses have asked for more than is looked up. */
  readonly newcomer: Phase;
  /** All at once. */
  readonly atOnce: Phase;
  /** A few at a time: what one costs. */
  readonly served: Phase;
  /** By kind; a few at a time, alone. */
  readonly refused: Readonly<Record<string, Phase>>;
  /** Entitled requests while others are refused without a pause, and while connections are open that say nothing. */
  readonly beside: Phase;
  readonly silentSockets: { readonly open: number; readonly cutOff: number };
  /** What went wrong, in words; empty is good. */
  readonly failures: readonly string[];
}

/** @throws {DevnetError} when the net cannot be made */
export async function runLoad({ folder, requests, refused, tell }: LoadOptions): Promise<LoadResult> {
  const net = await startLocalNet(folder, {
    onStarted: ({ name }) => tell(`${name} is up`),
    missesPerMinute: MISSES_PER_MINUTE,
  });
  try {
    const hospital = await openSmallHospital(net.cast);
    const studyId = await hospital.publish();
    await hospital.allow(studyId);
    const target = hospital.target(studyId);
    const pid = net.processes.find(({ name }) => name === 'hospital')?.pid as number;
    const phase = (sender: Sender, count: number, width: number): Promise<Phase> =>
      measure(sender, { count, width, pid });
    const strangers = crowd(target);
    const crowding = await phase(strangers.sender, strangers.count, 4);
    const afterCrowd = await phase(newcomer(target), 1, 1);
    tell(`a newcomer after a crowd (${describe(crowding)}): ${describe(afterCrowd)}`);
    const first = await ask(target.endpoint, target.wish, target.reader);
    const reading = entitled(target, first.sha256);

    const served = await phase(reading, Math.min(requests, 500), 8);
    tell(`served, 8 at a time: ${describe(served)}`);
    const atOnce = await phase(reading, requests, requests);
    tell(`served, ${requests} at once: ${describe(atOnce)}`);

    const senders = Object.entries(await refusedSenders(target));
    const each = Math.ceil(refused / 2 / senders.length);
    const large = Math.ceil(each / LARGE_ONE_IN);
    const countOf = (kind: string): number => (kind === THOUSAND ? large : each);
    const alone: Record<string, Phase> = {};
    for (const [kind, sender] of senders) {
      alone[kind] = await phase(sender, countOf(kind), 8);
      tell(`${kind}: ${describe(alone[kind])}`);
    }
    let isOver = false;
    const silent = openSilentSockets(target.endpoint, large);
    const flood = Promise.all(
      senders.map(([kind, sender]) => measure(sender, { count: countOf(kind), width: 8, pid })),
    ).finally(() => {
      isOver = true;
    });
    const beside = await measure(reading, { count: requests, width: 4, pid, until: () => isOver });
    await flood;
    silent.close();
    const silentSockets = { open: large, cutOff: silent.cutOff };
    tell(`served beside refusals: ${describe(beside)}; ${large} silent connections, ${silent.cutOff} times cut off`);

    const failures = [
      ...notAll('retrieved', {
        'a newcomer': afterCrowd,
        'a few at a time': served,
        'all at once': atOnce,
        'beside refusals': beside,
      }),
      ...Object.entries(alone)
        .filter(([, { answers }]) => answers['retrieved'] !== undefined)
        .map(([kind]) => `${kind}: a document was given`),
    ];
    return {
      documentBytes: first.bytes,
      newcomer: afterCrowd,
      atOnce,
      served,
      refused: alone,
      beside,
      silentSockets,
      failures,
    };
  } finally {
    await net.stop();
  }
}

/** Sends `count` requests, `width` at a time; stops early when `until` says so, but sends at least `width`. */
async function measure(
  sender: Sender,
  options: { readonly count: number; readonly width: number; readonly pid: number; readonly until?: () => boolean },
): Promise<Phase> {
  const { count, width, pid, until = () => false } = options;
  const answers: Record<string, number> = {};
  const latencies: number[] = [];
  let sent = 0;
  const lane = async (): Promise<void> => {
    do {
      sent += 1;
      const began = performance.now();
      const answer = await sender().catch((error: unknown) => (error as { code?: string }).code ?? String(error));
      latencies.push(performance.now() - began);
      answers[answer] = (answers[answer] ?? 0) + 1;
    } while (sent < count && !until());
  };
  const cpuBefore = await cpuMsOf(pid);
  const began = performance.now();
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
  const seconds = (performance.now() - began) / 1_000;
  const cpuMs = ((await cpuMsOf(pid)) - cpuBefore) / latencies.length;
  latencies.sort((a, b) => a - b);
  return {
    count: latencies.length,
    seconds: round(seconds),
    p50Ms: round(quantile(latencies, 0.5)),
    p99Ms: round(quantile(latencies, 0.99)),
    cpuMs: round(cpuMs),
    answers,
  };
}

/** User and system time of a process (proc(5), fields 14 and 15 of `stat`). */
async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

function quantile(sorted: readonly number[], at: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? 0;
}

function notAll(answer: string, phases: Readonly<Record<string, Phase>>): readonly string[] {
  return Object.entries(phases)
    .filter(([, { answers, count }]) => answers[answer] !== count)
    .map(([name, { answers }]) => `${name}: not all were ${answer}, but ${JSON.stringify(answers)}`);
}

function describe({ count, seconds, p50Ms, p99Ms, cpuMs, answers }: Phase): string {
  return `${count} in ${seconds} s, median ${p50Ms} ms, p99 ${p99Ms} ms, ${cpuMs} ms CPU each, ${JSON.stringify(answers)}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
