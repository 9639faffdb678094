// Goal: kill -9 of either gateway at any moment of publish, claim, transfer and filing: no duplicate publish, no lost claim, no half-filed study, and it goes on with what had arrived.
// Method: one real node, real gateways that kill themselves inside their own reading and writing (src/crash-point.mjs) at seeded points; study after study goes all the
// way while everybody simply tries again: into a folder, into an Orthanc by DICOMweb, into it by DIMSE under the practice's own patient. `npm run soak -- --only gateway-kill-points`: 100 kills.
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
  Orthanc,
  orthancIsMissing,
  type Patient,
  PROGRAMS,
  proveKeys,
  runTool,
} from '@radledger/devnet';
import { sampleInstance } from '@radledger/imaging/conformance';
import { toHex } from '@radledger/primitives';
import { decodeTransaction } from '@radledger/transactions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countIn, type FiledInstance, filedIn, timesStored } from '../src/filed-in-orthanc.js';
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
/** Two reads a slice as it is sent to the archive: at the last of them it has whole slices by DIMSE, and others not. */
const MID_FILING: KillPoint = { operation: 'read', moment: 'before', count: 2 * SLICES };
const NEVER: KillPoint = { operation: 'rename', moment: 'before', count: Number.MAX_SAFE_INTEGER };
const BLOCK_BYTES_MAX = 1024 * 1024;
/** The patient as the images name her. */
const SENT = { name: 'Doe^Paula', birthDate: '19700203' };

/** A practice each; studies go to them in turn. */
const WAYS = [
  { name: 'folder', firstPoint: MID_TRANSFER, isMatched: false },
  { name: 'dicomweb', firstPoint: MID_FILING, isMatched: false },
  { name: 'dimse', firstPoint: MID_FILING, isMatched: true },
] as const;
type Way = (typeof WAYS)[number];
const wayOf = (index: number): Way => WAYS[index % WAYS.length] ?? WAYS[0];

let folder: string;
let net: DevNodes;
let node: DevProcess;
let client: NodeClient;
let hospital: MortalGateway;
let practices: ReadonlyMap<Way, MortalGateway>;
const gateways: MortalGateway[] = [];
let archive: Orthanc;
let patient: Patient;
let source: string;
/** Tries that ended with a part of a study in the archive. */
let halfFiled = 0;

const studyOf = (index: number): string => `2.25.7${String(index).padStart(4, '0')}`;
const sliceOf = (index: number, slice: number): Uint8Array =>
  sampleInstance({
    studyInstanceUid: studyOf(index),
    seriesInstanceUid: `${studyOf(index)}.1`,
    sopInstanceUid: `${studyOf(index)}.1.${slice}`,
    patient: { ...SENT, id: sentIdOf(index) },
    pixelData: pixelsOf(slice),
  });
const pixelsOf = (slice: number): Uint8Array => new Uint8Array(SLICE_BYTES).fill(slice);
/** Whom the hospital knows her as, and whom the practice. */
const sentIdOf = (index: number): string => `H-${index}`;
const localOf = (index: number) => ({ ...SENT, name: 'DOE^PAULA', id: `L-${index}`, issuer: 'PRACTICE' });

describe.skipIf(orthancIsMissing)('gateways that die', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'radledger-gateway-kills-'));
    const at = (name: string): string => join(folder, name);
    source = (await init(at('hospital'), 'source'))['sourceId'] as string;
    // A study in four may go through without a death.
    for (let index = 0; index < 2 * KILLS; index++) {
      const studies = join(at('hospital'), 'archive', String(index));
      await mkdir(studies, { recursive: true });
      for (let slice = 1; slice <= SLICES; slice++)
        await writeFile(join(studies, `${slice}.dcm`), sliceOf(index, slice));
    }
    net = await createNodes({ folder, firstSource: source, count: 1 });
    [node, archive] = await Promise.all([net.start(0), Orthanc.start('PRACTICE')]);
    client = createNodeClient({ url: net.nodes[0]?.api as string });
    const [iti43 = 0] = await freePorts(1);
    const start = async (
      name: string,
      kind: 'hospital' | 'practice' | 'practiceWithArchive',
      table: string,
      first?: KillPoint,
    ) => {
      const [api = 0, operatorPort = 0] = await freePorts(2);
      const head =
        `node = "${net.nodes[0]?.api}"\nchainId = "${toHex(net.chainId)}"\n` +
        `[api]\nhost = "127.0.0.1"\nport = ${api}\nrequestsPerMinute = 100000\nrefusedPerMinute = 100000\n[operator]\nhost = "127.0.0.1"\nport = ${operatorPort}\n`;
      await writeFile(join(at(name), 'gateway.toml'), head + table);
      const nextPoint = (index: number): KillPoint => {
        if (index === 0 && first !== undefined) return first;
        // Enough have died; what is left of the studies goes through.
        return deaths().length >= KILLS ? NEVER : gatewayKillPoint(SEED, { name, kind }, index);
      };
      const gateway = await MortalGateway.start({ name, folder: at(name), operatorPort, nextPoint });
      gateways.push(gateway);
      return gateway;
    };
    const sourceTable = `[source]\nfolder = "archive"\nidentityCheckedBy = "photo-id"\n[source.iti43]\nhost = "127.0.0.1"\nport = ${iti43}\n`;
    hospital = await start('hospital', 'hospital', sourceTable);
    const sinkTables: Readonly<Record<Way['name'], string>> = {
      folder: 'folder = "received"\n',
      dicomweb: `[recipient.dicomweb]\nurl = "${archive.dicomweb}"\n`,
      dimse: `[recipient.dimse]\nhost = "127.0.0.1"\nport = ${archive.dicomPort}\naeTitle = "PRACTICE"\ngatewayAeTitle = "RADLEDGER"\n`,
    };
    const started = new Map<Way, MortalGateway>();
    for (const way of WAYS) {
      const { name, firstPoint, isMatched } = way;
      await init(at(name), 'recipient');
      const matching = isMatched ? 'matching = "automatic"\n' : '';
      const table = `[recipient]\nallowLoopback = true\n${matching}${sinkTables[name]}`;
      started.set(way, await start(name, name === 'folder' ? 'practice' : 'practiceWithArchive', table, firstPoint));
    }
    practices = started;
    patient = await openPatient({ folder: at('patient'), nodeApi: net.nodes[0]?.api as string });
  }, 120_000);

  afterAll(async () => {
    await Promise.all([...gateways.map((gateway) => gateway.stop()), archive.stop()]);
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
      while (deaths().length < KILLS || studies < WAYS.length) {
        const index = studies++;
        const way = wayOf(index);
        const practice = practiceOf(way);
        const studyInstanceUid = studyOf(index);
        const invitation = await surviving(() => hospital.operator.invite({ studyInstanceUid, label: 'a study' }));
        const studyId = await surviving(() => patient.claim(invitation));
        claimed.push(studyId);
        const wantedUntilMs = Date.now() + 30 * DAY_MS;
        const { link, requestId } = await surviving(() =>
          practice.operator.request({
            reason: 'opinion',
            wantedUntilMs,
            patient: way.isMatched ? localOf(index) : undefined,
          }),
        );
        await surviving(() => patient.allow(studyId, link));
        await surviving(() => filed(practice, requestId));
      }
      await Promise.all(gateways.map((gateway) => gateway.restart()));

      expect(await definedStudies(), where()).toEqual(claimed.toSorted());
      const known = (await hospital.operator.studies()).filter(({ state }) => state === 'published');
      expect(known.map(({ studyId }) => toHex(studyId ?? new Uint8Array(0))).sort(), where()).toEqual(
        claimed.toSorted(),
      );
      const indices = Array.from({ length: studies }, (_, index) => index);
      const received = join(folder, 'folder', 'received');
      const toFolder = indices.filter((index) => wayOf(index).name === 'folder');
      expect((await readdir(received)).sort(), where()).toEqual(toFolder.map(studyOf).sort());
      for (const index of toFolder) {
        const filed = join(received, studyOf(index));
        expect(await readdir(filed)).toHaveLength(SLICES);
        for (let slice = 1; slice <= SLICES; slice++) {
          const file = await readFile(join(filed, `${studyOf(index)}.1.${slice}.dcm`));
          expect(file.equals(sliceOf(index, slice)), where()).toBe(true);
        }
      }
      const toArchive = indices.filter((index) => wayOf(index).name !== 'folder');
      const inArchive = await filedIn(archive);
      expect([...inArchive.keys()].sort(), where()).toEqual(toArchive.flatMap(instancesOf).sort());
      // Nothing was stored a second time, nor taken out and stored anew.
      expect(await timesStored(archive), where()).toBe(inArchive.size);
      for (const index of toArchive) {
        const slices = instancesOf(index).map((uid) => inArchive.get(uid));
        for (const [at, filed] of slices.entries()) {
          if (wayOf(index).isMatched) expectLocal(filed, index, at + 1);
          else expect(filed?.file.equals(sliceOf(index, at + 1)), where()).toBe(true);
        }
        // However many tries it took: one change of the patient, at one time.
        expect(new Set(slices.map((filed) => filed?.changedAt)).size, where()).toBe(1);
      }
      // What was held is gone; nothing waits for a person, and nothing was refused.
      for (const [{ name }, { operator }] of practices) {
        expect(await readdir(join(folder, name, 'quarantine')), where()).toEqual([]);
        expect(await operator.quarantine.list(), where()).toEqual([]);
      }
      const resumed = (await sentAfterBreaks()).filter((bytes) => bytes < SLICES * SLICE_BYTES);
      expect(resumed.length, where()).toBeGreaterThan(0);
      expect(halfFiled, where()).toBeGreaterThan(0);
      const figures = {
        seed: SEED,
        studies,
        deaths: deaths().length,
        halfFiled,
        wholeBytes: SLICES * SLICE_BYTES,
        resumed,
      };
      process.stdout.write(`${JSON.stringify({ ...figures, points: points() })}\n`);
    },
    KILLS * 60_000,
  );
});

const deaths = (): readonly KillPoint[] => gateways.flatMap((gateway) => gateway.deaths);
const points = (): object => ({
  hospital: hospital.deaths,
  ...Object.fromEntries([...practices].map(([{ name }, practice]) => [name, practice.deaths])),
});
const where = (): string => `seed ${SEED}, deaths ${JSON.stringify(points())}`;
const instancesOf = (index: number): readonly string[] =>
  Array.from({ length: SLICES }, (_, at) => `${studyOf(index)}.1.${at + 1}`);

function practiceOf(way: Way): MortalGateway {
  const practice = practices.get(way);
  if (practice === undefined) throw new Error(`nobody files into ${way.name}`);
  return practice;
}

/** The image as it was sent, under the practice's own patient, and once inside it the one that it came with. */
function expectLocal(filed: FiledInstance | undefined, index: number, slice: number): void {
  const { name, id, issuer, birthDate } = localOf(index);
  expect(filed?.patient, where()).toEqual({ name, id, issuer, birthDate });
  expect(filed?.originals, where()).toEqual([{ name: SENT.name, id: sentIdOf(index), birthDate: SENT.birthDate }]);
  // Pixel Data is the last element.
  expect(filed?.file.subarray(-SLICE_BYTES).equals(pixelsOf(slice)), where()).toBe(true);
}

/** Does a step, again and again while gateways die of it. */
async function surviving<T>(step: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    await Promise.all(gateways.map((gateway) => gateway.ready));
    try {
      return await step();
    } catch (error) {
      if ((await countIn(archive)) % SLICES > 0) halfFiled++;
      if (tries === TRIES_MAX) throw new Error(where(), { cause: error });
    }
  }
}

/** Resolves once a request's study is filed, by each of its retrievals; throws when a gateway dies before, or the transfer fails because one did. */
async function filed(practice: MortalGateway, requestId: string): Promise<void> {
  const { operator } = practice;
  const abort = new AbortController();
  for (const { death } of [hospital, practice]) void death.then(() => abort.abort());
  // Refused when there is nothing to fetch, or nothing yet: the states below tell.
  await operator.fetchRequest(requestId).catch(() => undefined);
  for await (const { retrievals } of operator.watchRequest(requestId, { signal: abort.signal })) {
    // Who allows again after a death tells again: each telling is a retrieval of its own, and all of them end.
    if (retrievals.length > 0 && retrievals.every(({ state }) => state === 'filed')) return;
    const broken = retrievals.find(({ state }) => state === 'failed' || state === 'ended');
    if (broken !== undefined) throw new Error(`the transfer ended with ${broken.code}`);
    if (retrievals.some(({ state }) => state === 'allowed')) await operator.fetchRequest(requestId);
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
