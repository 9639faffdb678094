/**
 * What a large study costs: its way from a hospital's gateway beside a bare HTTPS stream of the same files, and the memory of both
 * gateways beside what a small study needs. Real processes on one machine; the floor's ends hash and write likewise (design section 6).
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../dev-process.js';
import { DevnetError } from '../errors.js';
import { type LocalNet, startLocalNet } from '../local-net.js';
import { openPatient, type Patient } from '../patient.js';
import { whenFiled } from '../story.js';
import { overHttps, overIti43, type Received } from './streams.js';
import { writeStudy } from './study-files.js';

const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;
const WARM_UP_BYTES = 64 * MIB;
const PLAIN_SERVER = fileURLToPath(new URL('plain-server.js', import.meta.url));
/** A source keeps a study open for half a minute after its last reader. */
const KEPT_OPEN_MS = 31_000;
/** Slower than any disk. */
const FILED_MS_PER_MIB = 500;

export interface TransferOptions {
  /** Empty. */
  readonly folder: string;
  readonly bytes: number;
  /** Alternating runs of each way. */
  readonly rounds: number;
  readonly tell: (line: string) => void;
}

interface Rates {
  readonly mibPerSecond: number;
  readonly floorMibPerSecond: number;
  /** Median of the quotients of neighbouring runs. */
  readonly ratio: number;
}

interface Memory {
  readonly warmMiB: number;
  readonly peakMiB: number;
  readonly growthMiB: number;
}

export interface TransferResult {
  readonly bytes: number;
  readonly toNothing: Rates;
  readonly toDisk: Rates;
  /** From the practice's request to the study checked and filed. */
  readonly filedSeconds: number;
  /** Part of the study that the hospital's gateway had read, of anything, when the first byte of the document arrived, with the study not open before. */
  readonly readAtFirstByte: number;
  readonly hospital: Memory;
  readonly practice: Memory;
}

/** @throws {DevnetError} when the net cannot be made, or a study does not arrive */
export async function runTransfer({ folder, bytes, rounds, tell }: TransferOptions): Promise<TransferResult> {
  const net = await startLocalNet(folder, { onStarted: ({ name }) => tell(`${name} is up`) });
  try {
    const { node, hospital, patient: cast } = net.cast;
    const pidOf = (name: string): number => net.processes.find((process) => process.name === name)?.pid as number;
    const [sending, receiving] = [pidOf('hospital'), pidOf('practice')];
    const { txId } = await hospital.operator.defineSource({ name: 'City Hospital', ...hospital.keyProofs });
    await node.waitForFinalized(txId);
    const patient = await openPatient({ ...cast, folder: join(cast.folder, 'phone') });

    await fileStudy(net, patient, WARM_UP_BYTES);
    const warm = { hospital: await peakMiB(sending), practice: await peakMiB(receiving) };
    tell(`a study of 64 MiB: ${warm.hospital} MiB at the hospital, ${warm.practice} MiB at the practice at most`);

    const { documentUniqueId, seconds: filedSeconds } = await fileStudy(net, patient, bytes);
    const memory = async (pid: number, warmMiB: number): Promise<Memory> => {
      const peak = await peakMiB(pid);
      return { warmMiB, peakMiB: peak, growthMiB: round(peak - warmMiB) };
    };
    const figures = {
      hospital: await memory(sending, warm.hospital),
      practice: await memory(receiving, warm.practice),
    };
    tell(`filed in ${round(filedSeconds)} s; memory ${JSON.stringify(figures)}`);
    await rm(join(folder, 'practice', 'received'), { recursive: true, force: true });

    const from = {
      endpoint: hospital.iti43,
      wish: { repositoryUniqueId: hospital.source, documentUniqueId },
      signer: net.cast.practice.recipient,
    };
    tell('waiting until the hospital closed the study, so that the next reader has it opened anew');
    await setTimeout(KEPT_OPEN_MS);
    const before = await bytesReadBy(sending);
    let readAtFirstByte = 0;
    await overIti43(from, {
      file: undefined,
      onFirst: async () => {
        readAtFirstByte = ((await bytesReadBy(sending)) - before) / bytes;
      },
    });
    tell(`first byte after ${round(100 * readAtFirstByte)}% were read`);
    const rates = await compare({ net, folder, from, rounds, tell });
    return {
      bytes,
      ...rates,
      filedSeconds: round(filedSeconds),
      readAtFirstByte: round(readAtFirstByte),
      ...figures,
    };
  } finally {
    await net.stop();
  }
}

/** The whole way of one study, in the archive alone: published, allowed, fetched and filed. */
async function fileStudy(
  { cast: { hospital, practice } }: LocalNet,
  patient: Patient,
  bytes: number,
): Promise<{ readonly documentUniqueId: string; readonly seconds: number }> {
  await writeStudy(hospital.archive, bytes);
  const [study] = (await hospital.operator.studies()).filter(({ state }) => state === 'draft');
  if (study === undefined)
    throw new DevnetError({ code: 'STORY_BROKEN', step: 'archive' }, 'the archive holds a study');
  const { studyInstanceUid } = study;
  const documentUniqueId = await patient.claim(
    await hospital.operator.invite({ studyInstanceUid, label: 'a large study' }),
  );
  const wantedUntilMs = Date.now() + 30 * DAY_MS;
  const request = await practice.operator.request({ reason: 'Second opinion', wantedUntilMs });
  await patient.allow(documentUniqueId, request.link);
  const began = performance.now();
  await whenFiled(practice.operator, request.requestId, 120_000 + (bytes / MIB) * FILED_MS_PER_MIB);
  return { documentUniqueId, seconds: (performance.now() - began) / 1_000 };
}

/** Both ways in turn, so that a busy moment of the machine meets both. */
async function compare({
  net,
  folder,
  from,
  rounds,
  tell,
}: {
  readonly net: LocalNet;
  readonly folder: string;
  readonly from: Parameters<typeof overIti43>[0];
  readonly rounds: number;
  readonly tell: (line: string) => void;
}): Promise<{ readonly toNothing: Rates; readonly toDisk: Rates }> {
  const tls = ['--key', join(folder, 'hospital', 'tls-key.pem'), '--cert', join(folder, 'hospital', 'tls-cert.pem')];
  const plain = await startProcess({
    name: 'plain-server',
    script: PLAIN_SERVER,
    args: ['--folder', net.cast.hospital.archive, ...tls],
    logFile: join(folder, 'plain-server.log'),
  });
  try {
    const url = plain.listening['url'] as string;
    const ratesTo = async (file: string | undefined): Promise<Rates> => {
      const runs: { readonly rate: number; readonly floor: number }[] = [];
      for (let run = 0; run < rounds; run += 1) {
        const floor = rateOf(await overHttps(url, { file }));
        const rate = rateOf(await overIti43(from, { file }));
        runs.push({ rate, floor });
        tell(`to ${file === undefined ? 'nothing' : 'disk'}: ${round(rate)} beside ${round(floor)} MiB/s`);
      }
      return {
        mibPerSecond: round(median(runs.map(({ rate }) => rate))),
        floorMibPerSecond: round(median(runs.map(({ floor }) => floor))),
        ratio: round(median(runs.map(({ rate, floor }) => rate / floor))),
      };
    };
    return { toNothing: await ratesTo(undefined), toDisk: await ratesTo(join(folder, 'sink')) };
  } finally {
    await plain.stop();
  }
}

/** Highest resident memory of a process so far (proc(5), `VmHWM`). */
async function peakMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return round(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024);
}

/** What a process has read by system calls, sockets included (proc(5), `rchar`). */
async function bytesReadBy(pid: number): Promise<number> {
  return Number(/^rchar: (\d+)/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

function rateOf({ bytes, seconds }: Received): number {
  return bytes / MIB / seconds;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
