// Goal: kill -9 of either gateway at any moment of publish, claim, transfer and filing: no duplicate publish, no lost claim, no half-filed study, and it goes on with what had arrived.
// Method: one real node, two real gateways that kill themselves inside their own reading and writing (src/crash-point.mjs) at seeded points; study after study goes all the
// way while everybody simply tries again. `npm run soak -- --only gateway-kill-points`: 50 kills.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeBody } from '@radledger/chain';
import { createNodeClient, type NodeClient } from '@radledger/client';
import {
  createNodes,
  type DevNodes,
  type DevProcess,
  freePorts,
  openPatient,
  type Patient,
  PROGRAMS,
  proveKeys,
  runTool,
} from '@radledger/devnet';
import { sampleInstance } from '@radledger/imaging/conformance';
import { toHex } from '@radledger/primitives';
import { decodeTransaction } from '@radledger/transactions';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gatewayKillPoint, type KillPoint } from '../src/kill-points.js';
import { MortalGateway } from '../src/mortal-gateway.js';

const SEED = Number(process.env['RADLEDGER_SEED'] ?? 1);
const KILLS = Number(process.env['RADLEDGER_GATEWAY_KILLS'] ?? 5);
const TRIES_MAX = 100;
const DAY_MS = 86_400_000;
const SLICES = 3;
const SLICE_BYTES = 400_000;
/** Within the ZIP, when whole slices are on the disk and others are not: the first death of the practice. */
const MID_TRANSFER: KillPoint = { operation: 'write', moment: 'before', count: 3 };
const BLOCK_BYTES_MAX = 1024 * 1024;

let folder: string;
let net: DevNodes;
let node: DevProcess;
let client: NodeClient;
let hospital: MortalGateway;
let practice: MortalGateway;
let patient: Patient;
let source: string;

const studyOf = (index: number): string => `2.25.7${String(index).padStart(4, '0')}`;
const sliceOf = (index: number, slice: number): Uint8Array =>
  sampleInstance({
    studyInstanceUid: studyOf(index),
    seriesInstanceUid: `${studyOf(index)}.1`,
    sopInstanceUid: `${studyOf(index)}.1.${slice}`,
    pixelData: new Uint8Array(SLICE_BYTES).fill(slice),
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'radledger-gateway-kills-'));
  const at = (name: string): string => join(folder, name);
  source = (await init(at('hospital'), 'source'))['sourceId'] as string;
  await init(at('practice'), 'recipient');
  // A study in four may go through without a death.
  for (let index = 0; index < 2 * KILLS; index++) {
    const archive = join(at('hospital'), 'archive', String(index));
    await mkdir(archive, { recursive: true });
    for (let slice = 1; slice <= SLICES; slice++) await writeFile(join(archive, `${slice}.dcm`), sliceOf(index, slice));
  }
  net = await createNodes({ folder, firstSource: source, count: 1 });
  node = await net.start(0);
  client = createNodeClient({ url: net.nodes[0]?.api as string });
  const ports = await freePorts(5);
  const [hospitalApi = 0, hospitalOperator = 0, iti43 = 0, practiceApi = 0, practiceOperator = 0] = ports;
  const head = (api: number, operator: number): string =>
    `node = "${net.nodes[0]?.api}"\nchainId = "${toHex(net.chainId)}"\n` +
    `[api]\nhost = "127.0.0.1"\nport = ${api}\nrequestsPerMinute = 100000\n[operator]\nhost = "127.0.0.1"\nport = ${operator}\n`;
  const sourceTable = `[source]\nfolder = "archive"\n[source.iti43]\nhost = "127.0.0.1"\nport = ${iti43}\n`;
  await writeFile(join(at('hospital'), 'gateway.toml'), head(hospitalApi, hospitalOperator) + sourceTable);
  const recipientTable = '[recipient]\nfolder = "received"\nallowLoopback = true\n';
  await writeFile(join(at('practice'), 'gateway.toml'), head(practiceApi, practiceOperator) + recipientTable);
  const gateway = (name: 'hospital' | 'practice', operatorPort: number): Promise<MortalGateway> =>
    MortalGateway.start({
      name,
      folder: at(name),
      operatorPort,
      nextPoint: (index) => (name === 'practice' && index === 0 ? MID_TRANSFER : gatewayKillPoint(SEED, name, index)),
    });
  hospital = await gateway('hospital', hospitalOperator);
  practice = await gateway('practice', practiceOperator);
  patient = await openPatient({ folder: at('patient'), nodeApi: net.nodes[0]?.api as string });
}, 120_000);

afterAll(async () => {
  await Promise.all([hospital.stop(), practice.stop()]);
  await node.stop();
  await rm(folder, { recursive: true });
}, 60_000);

test(
  `${KILLS} seeded kill points of the gateways: every study arrives whole, once`,
  async () => {
    const keyProofs = await proveKeys(net, source);
    const { txId } = await surviving(() => hospital.operator.defineSource({ name: 'City Hospital', ...keyProofs }));
    await client.waitForFinalized(txId);
    let studies = 0;
    const claimed: string[] = [];
    while (hospital.deaths.length + practice.deaths.length < KILLS) {
      const index = studies++;
      const studyInstanceUid = studyOf(index);
      const invitation = await surviving(() => hospital.operator.invite({ studyInstanceUid, label: 'a study' }));
      const studyId = await surviving(() => patient.claim(invitation));
      claimed.push(studyId);
      const wantedUntilMs = Date.now() + 30 * DAY_MS;
      const { link, requestId } = await surviving(() =>
        practice.operator.request({ reason: 'opinion', wantedUntilMs }),
      );
      await surviving(() => patient.allow(studyId, link));
      await surviving(() => filed(requestId));
    }
    await Promise.all([hospital.restart(), practice.restart()]);

    expect(await definedStudies(), where()).toEqual(claimed.toSorted());
    const known = (await hospital.operator.studies()).filter(({ state }) => state === 'published');
    expect(known.map(({ studyId }) => toHex(studyId ?? new Uint8Array(0))).sort(), where()).toEqual(claimed.toSorted());
    const received = join(folder, 'practice', 'received');
    const wanted = Array.from({ length: studies }, (_, index) => studyOf(index));
    expect((await readdir(received)).sort(), where()).toEqual(wanted.sort());
    for (let index = 0; index < studies; index++) {
      const filed = join(received, studyOf(index));
      expect(await readdir(filed)).toHaveLength(SLICES);
      for (let slice = 1; slice <= SLICES; slice++) {
        const file = await readFile(join(filed, `${studyOf(index)}.1.${slice}.dcm`));
        expect(file.equals(sliceOf(index, slice)), where()).toBe(true);
      }
    }
    // What was held is gone; nothing waits for a person, and nothing was refused.
    expect(await readdir(join(folder, 'practice', 'quarantine')), where()).toEqual([]);
    const resumed = (await sentAfterBreaks()).filter((bytes) => bytes < SLICES * SLICE_BYTES);
    expect(resumed.length, where()).toBeGreaterThan(0);
    process.stdout.write(
      `${JSON.stringify({ seed: SEED, studies, deaths: deaths().length, wholeBytes: SLICES * SLICE_BYTES, resumed, points: deaths() })}\n`,
    );
  },
  KILLS * 60_000,
);

const deaths = (): readonly object[] => [...hospital.deaths, ...practice.deaths];
const where = (): string => `seed ${SEED}, deaths ${JSON.stringify(deaths())}`;

/** Does a step, again and again while gateways die of it. */
async function surviving<T>(step: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    await Promise.all([hospital.ready, practice.ready]);
    try {
      return await step();
    } catch (error) {
      if (tries === TRIES_MAX) throw new Error(where(), { cause: error });
    }
  }
}

/** Resolves once a request's study is filed; throws when a gateway dies before, or the transfer fails because one did. */
async function filed(requestId: string): Promise<void> {
  const { operator } = practice;
  const abort = new AbortController();
  for (const { death } of [hospital, practice]) void death.then(() => abort.abort());
  // Refused when there is nothing to fetch, or nothing yet: the states below tell.
  await operator.fetchRequest(requestId).catch(() => undefined);
  for await (const { state, code } of operator.watchRequest(requestId, { signal: abort.signal })) {
    if (state === 'filed') return;
    if (state === 'allowed') await operator.fetchRequest(requestId);
    if (state === 'failed' || state === 'ended') throw new Error(`the transfer ended with ${code}`);
  }
  throw new Error('a gateway died');
}

/** For each study that a try went on with: the bytes that left the hospital for it after the break, all tries together. */
async function sentAfterBreaks(): Promise<readonly number[]> {
  const trail = join(folder, 'hospital', 'audit');
  const days = (await readdir(trail)).filter((file) => /^\d.*\.jsonl$/.test(file));
  const lines = (await Promise.all(days.map((file) => readFile(join(trail, file), 'utf8'))))
    .join('')
    .trim()
    .split('\n');
  const bytes = new Map<string, number>();
  for (const line of lines) {
    const { event } = JSON.parse(line) as { readonly event: AuditedEvent };
    const isSent = event.transaction === 'RAD-107' && event.phase === 'ended' && event.outcome === 'success';
    const [document] = event.documents;
    if (!isSent || document === undefined) continue;
    bytes.set(document.documentUniqueId, (bytes.get(document.documentUniqueId) ?? 0) + (event.bytes ?? 0));
  }
  return [...bytes.values()];
}

interface AuditedEvent {
  readonly transaction: string;
  readonly phase: string;
  readonly outcome: string;
  readonly bytes?: number;
  readonly documents: readonly { readonly documentUniqueId: string }[];
}

/** Ids of every Define Study on the ledger, sorted. */
async function definedStudies(): Promise<readonly string[]> {
  const { height } = await client.status();
  const found: string[] = [];
  for (let at = 1; at <= height; at++) {
    const { body } = (await client.block(at)) ?? {};
    if (body === undefined) continue;
    for (const bytes of decodeBody(body, { bytesMax: BLOCK_BYTES_MAX }).transactions) {
      const { transaction } = decodeTransaction(bytes, net.chainId);
      if (transaction.kind === 'define-study') found.push(toHex(transaction.payload.studyId));
    }
  }
  return found.sort();
}

async function init(at: string, role: 'source' | 'recipient'): Promise<Record<string, unknown>> {
  const { stdout } = await runTool(PROGRAMS.gateway, ['init', '--folder', at, '--role', role]);
  return JSON.parse(stdout) as Record<string, unknown>;
}
