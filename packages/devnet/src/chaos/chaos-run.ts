/** Rounds of faults on real processes while clients write; what they saw is judged afterwards. */
import { setTimeout as after } from 'node:timers/promises';
import { Prng } from '@radledger/simulator';
import { toHex } from '@radledger/primitives';
import { allSettled } from '../all-settled.js';
import { type ChaosNet, createChaosNet } from './chaos-net.js';
import { type ClientSurroundings, read, type Register, type SeenOperation, write } from './clients.js';
import { describeFault, drawRound, type Fault, type Round } from './faults.js';
import { createFinalizedRecord, type FinalizedRecord } from './finalized-record.js';
import { isLinearizable, type Operation } from './linearizability.js';
import { within } from './within.js';

export interface ChaosOptions {
  /** Empty folder for keys, databases and logs. */
  readonly folder: string;
  readonly seed: number;
  readonly nodes: number;
  /** New rounds begin until this much time has passed and this many faults were made. */
  readonly seconds: number;
  readonly faults: number;
  /** Longest wait for new blocks on every node after a round has healed; beyond is an anomaly. */
  readonly progressMsMax: number;
  readonly tell: (line: string) => void;
}

export interface ChaosResult {
  readonly seed: number;
  readonly nodes: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly faults: number;
  readonly writes: number;
  /** Writes that became final. */
  readonly finalized: number;
  readonly reads: number;
  readonly height: number;
  /** From the end of a round's faults until every node has shown a block above all that was final then. */
  readonly progressMs: { readonly median: number; readonly max: number };
  readonly anomalies: readonly string[];
}

const WRITERS = 12;
const READERS = 4;
const REGISTERS = { studies: 8, tags: 3 };
/** How long the last writes may take when nothing is broken any more. */
const SETTLE_MS = 60_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, nodes, tell } = options;
  const prng = new Prng(seed);
  const roundDice = prng.fork();
  const net = await createChaosNet({ folder: options.folder, count: nodes });
  const record = createFinalizedRecord(nodes);
  const field = new Battlefield(net, record);
  const ended = new AbortController();
  const givenUp = new AbortController();
  const operations: SeenOperation[] = [];
  const clients: Promise<void>[] = [];
  const anomalies: string[] = [];
  const startedAtMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedAtMs;
  const progressMs: number[] = [];
  let faults = 0;
  try {
    await allSettled(net.clients.map((_, node) => field.start(node)));
    const registers = await net.defineRegisters(REGISTERS);
    tell(`seed ${seed}: ${nodes} nodes run, ${registers.length} grants, ${WRITERS} writers, ${READERS} readers`);
    const surroundings: ClientSurroundings = {
      chainId: net.chainId,
      registers,
      nodes: net.clients,
      record,
      operations,
      ended: ended.signal,
      patience: givenUp.signal,
    };
    for (let writer = 0; writer < WRITERS; writer++) clients.push(write(surroundings, prng.fork()));
    for (let reader = 0; reader < READERS; reader++) clients.push(read(surroundings, prng.fork()));
    while (elapsedMs() < options.seconds * 1000 || faults < options.faults) {
      const round = drawRound(roundDice, nodes);
      faults += round.faults.length;
      await field.play(round);
      const tookMs = await progressOf(net, record, options.progressMsMax);
      if (tookMs === undefined) {
        anomalies.push(`no progress within ${options.progressMsMax} ms after round ${progressMs.length + 1}`);
        break;
      }
      progressMs.push(tookMs);
      const healed = `${Math.round(tookMs)} ms to progress, height ${record.height}`;
      tell(`${progressMs.length}. ${round.faults.map(describeFault).join(' | ')}: ${healed}`);
    }
    ended.abort();
    const impatience = setTimeout(() => givenUp.abort(new Error('a write did not become final')), SETTLE_MS);
    await Promise.all(clients).catch((error: unknown) => anomalies.push(String(error)));
    clearTimeout(impatience);
    await compareNodes(operations, registers, net, record, anomalies);
  } finally {
    ended.abort();
    givenUp.abort();
    await Promise.allSettled(clients);
    field.leave();
    await net.stop();
  }
  anomalies.push(...record.anomalies, ...unexplained(operations, record));
  const writes = operations.filter(({ kind }) => kind === 'write');
  return {
    seed,
    nodes,
    seconds: Math.round(elapsedMs() / 1000),
    rounds: progressMs.length,
    faults,
    writes: writes.length,
    finalized: writes.filter((operation) => operation.kind === 'write' && record.find(operation.txId)).length,
    reads: operations.length - writes.length,
    height: record.height,
    progressMs: { median: Math.round(medianOf(progressMs)), max: Math.round(Math.max(0, ...progressMs)) },
    anomalies,
  };
}

/** Carries faults out, and follows each node as long as it lives. */
class Battlefield {
  private readonly lives = new Map<number, AbortController>();

  constructor(
    private readonly net: ChaosNet,
    private readonly record: FinalizedRecord,
  ) {}

  async start(node: number): Promise<void> {
    await this.net.start(node);
    const life = new AbortController();
    this.lives.set(node, life);
    this.record.follow(node, this.net.clients[node] as (typeof this.net.clients)[number], life.signal);
  }

  /** Resolves when every fault has ended and every process runs. */
  async play({ faults, healMs }: Round): Promise<void> {
    await allSettled([after(healMs), ...faults.map((fault) => this.carryOut(fault))]);
  }

  leave(): void {
    for (const life of this.lives.values()) life.abort();
  }

  private async carryOut(fault: Fault): Promise<void> {
    await after(fault.atMs);
    const lastsMs = fault.endMs - fault.atMs;
    switch (fault.kind) {
      case 'kill':
        this.lives.get(fault.node)?.abort();
        await this.net.kill(fault.node);
        await after(lastsMs);
        return this.start(fault.node);
      case 'stop':
        this.net.signal(fault.node, 'SIGSTOP');
        await after(lastsMs);
        return this.net.signal(fault.node, 'SIGCONT');
      case 'partition':
      case 'delay':
        this.net.links.disturb(fault);
        await after(lastsMs);
        return this.net.links.end(fault);
    }
  }
}

/** Time until every node shows a block above all that was final before; undefined when it takes too long. */
async function progressOf(net: ChaosNet, record: FinalizedRecord, msMax: number): Promise<number | undefined> {
  const startedAtMs = performance.now();
  const { height } = record;
  return (await everywhere(net, record, height + 1, msMax)) ? performance.now() - startedAtMs : undefined;
}

/** Whether every node shows a height in time. */
function everywhere(net: ChaosNet, record: FinalizedRecord, height: number, msMax: number): Promise<boolean> {
  return within(msMax, async (signal) => {
    const reached = await Promise.all(net.clients.map((_, node) => record.reached(node, height, signal)));
    return reached.every(Boolean);
  });
}

/** With nothing broken any more: every node comes to the same header, and has lost no record that was final. */
async function compareNodes(
  operations: readonly SeenOperation[],
  registers: readonly Register[],
  net: ChaosNet,
  record: FinalizedRecord,
  anomalies: string[],
): Promise<void> {
  const { height } = record;
  if (!(await everywhere(net, record, height + 1, SETTLE_MS)))
    anomalies.push('not every node came back to the newest block');
  const roots = await Promise.all(net.clients.map(async (client) => (await client.block(height))?.header));
  if (new Set(roots.map((header) => (header === undefined ? 'none' : toHex(header)))).size !== 1)
    anomalies.push(`headers, and so state roots, differ at height ${height}`);
  for (const register of registers) {
    const last = lastFinal(operations, register, record);
    for (const [node, client] of net.clients.entries()) {
      const { cell } = await client.grant(register.source, register.studyId, register.tag);
      if (cell?.sequence !== (last === 0 ? undefined : last))
        anomalies.push(`node ${node + 1} shows sequence ${cell?.sequence} where ${last} is final`);
    }
  }
}

function lastFinal(operations: readonly SeenOperation[], register: Register, record: FinalizedRecord): number {
  return Math.max(
    0,
    ...operations.flatMap((operation) =>
      operation.kind === 'write' && operation.register === register && record.find(operation.txId)
        ? [operation.state.sequence]
        : [],
    ),
  );
}

/** Grants whose reads and writes no order can explain. */
function unexplained(operations: readonly SeenOperation[], record: FinalizedRecord): string[] {
  const byRegister = new Map<Register, Operation[]>();
  for (const operation of operations) {
    const judged = byRegister.get(operation.register) ?? [];
    byRegister.set(operation.register, judged);
    if (operation.kind === 'read') judged.push(operation);
    else {
      const final = record.find(operation.txId);
      judged.push({ ...operation, returnedMs: final?.atMs ?? Infinity });
    }
  }
  return [...byRegister]
    .filter(([, judged]) => !isLinearizable(judged))
    .map(
      ([{ tag }, judged]) => `grant ${toHex(tag).slice(0, 8)}: its ${judged.length} operations are not linearizable`,
    );
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
