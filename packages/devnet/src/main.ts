/**
 * `npm run demo` plays the story and ends; `npm start` plays it and keeps the net running until Ctrl-C.
 *   main.js demo|start [--consensus simplex|longest-chain|authority|work] [folder]
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type ConsensusChoice, consensusNamed } from './consensus-choice.js';
import { DevnetError } from './errors.js';
import type { DevProcess } from './dev-process.js';
import { type LocalNet, startLocalNet } from './local-net.js';
import { writeNetworkFile } from './network-file.js';
import { addSeriesAgain } from './dicom-series.js';
import { DEV_FOLDER } from './programs.js';
import { playStory } from './story.js';

const { values, positionals } = parseArgs({
  options: { consensus: { type: 'string', default: 'simplex' } },
  allowPositionals: true,
});
const keepRunning = positionals[0] === 'start';
const folder = resolve(positionals[1] ?? DEV_FOLDER);
const pidFile = join(folder, 'devnet.pid');
const networkFile = join(folder, 'network.json');
const startedAt = performance.now();

function tell(text: string, detail?: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
  console.log(`${seconds} s  ${text}${detail === undefined ? '' : `\n          ${detail}`}`);
}

const interrupted = new Promise<'interrupted'>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve('interrupted'));
});

async function run(consensus: ConsensusChoice): Promise<void> {
  await claimFolder();
  let net: LocalNet | undefined;
  try {
    tell('Four nodes, a hospital and a practice start.', `consensus ${consensus.moduleId}`);
    const onStarted = ({ name, pid }: DevProcess): void => tell(`   ${name} runs.`, `process ${pid}`);
    net = await startLocalNet(folder, { onStarted, consensus });
    const story = playStory(net.cast, tell);
    const studies = await Promise.race([story, interrupted]);
    if (studies === 'interrupted') return void story.catch(() => undefined);
    await writeNetworkFile(networkFile, { ...net.network, studies });
    tell('The story is told; what runs where:', relative(process.cwd(), networkFile));
    if (keepRunning) {
      for (const { name, api } of net.network.nodes) tell(`   ${name}`, api);
      for (const { name, api, iti43 } of net.network.sources) tell(`   ${name}`, `${api}   ITI-43 ${iti43}`);
      await tellGuest(net);
      tell('The net keeps running until Ctrl-C.');
      await interrupted;
    }
  } finally {
    await net?.stop();
    await rm(pidFile, { force: true });
    tell('Every process has ended.');
  }
}

/** Something to try: one more study, an invitation to it, and a doctor who asks. */
async function tellGuest({ cast: { hospital, practice }, network }: LocalNet): Promise<void> {
  const studyInstanceUid = await addSeriesAgain(hospital.archive);
  const { link, code } = await hospital.operator.invite({ studyInstanceUid, label: 'MRI, brain' });
  const wantedUntilMs = Date.now() + 30 * 86_400_000;
  const request = await practice.operator.request({ clinician: 'Dr Rivera', reason: 'Second opinion', wantedUntilMs });
  tell("   The patient's app", network.wallet);
  tell(`   To try it: an invitation, and its code ${code}`, link);
  tell('   and Dr Rivera, who asks to see it', request.link);
}

/** Empties the folder of an earlier run, unless that run is still alive. */
async function claimFolder(): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  if (pid > 0 && isAlive(pid)) {
    throw new DevnetError({ code: 'ALREADY_RUNNING', pid }, `process ${pid} keeps a local net running: end it first`);
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(pidFile, `${process.pid}\n`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

try {
  await run(consensusNamed(values.consensus));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
