#!/usr/bin/env node
/** The reference node: parses configuration, calls packages, prints. Guide: docs/guides/integrators-node.md. */
import { resolve } from 'node:path';
import { chainIdOf } from '@radledger/chain';
import { fromHex } from '@radledger/primitives';
import { Command, InvalidArgumentError, Option } from 'commander';
import pino from 'pino';
import { askCheckpoint } from './checkpoint.js';
import { readConfig } from './config.js';
import { readGenesis } from './genesis-file.js';
import { exitCodeOf, NodeAppError } from './errors.js';
import { initFolder } from './init.js';
import { proveKeys } from './prove.js';
import { makeRecovery, signRecovery } from './recovery-file.js';
import { finishRotation, rotate, type RotatedRole } from './rotate.js';
import { checkConfig } from './check-config.js';

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function hex32(value: string): string {
  if (!/^[0-9a-f]{64}$/.test(value)) throw new InvalidArgumentError('must be 64 lower-case hex characters');
  return value;
}

function height(value: string): number {
  const number = Number(value);
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('must be a height');
  return number;
}

const program = new Command('radledger-node')
  .description('a node of a Radledger network')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

program
  .command('init')
  .description('make the keys, the empty sign-log, the peer certificate and a first configuration')
  .requiredOption('--folder <folder>', 'where to make them; nothing in it is overwritten')
  .addOption(new Option('--source-id <hex>', 'the source that this node votes for').argParser(hex32))
  .action(async ({ folder, sourceId }: { folder: string; sourceId?: string }) => {
    print(await initFolder({ folder, ...(sourceId !== undefined && { sourceId }) }));
  });

program
  .command('prove')
  .description("print this node's public keys with proofs for Define Source, as JSON")
  .requiredOption('--folder <folder>', 'folder made by init')
  .addOption(new Option('--genesis <file>', 'genesis file of the chain').conflicts('chain'))
  .addOption(new Option('--chain <hex>', 'chain id, instead of the genesis file').argParser(hex32))
  .addOption(new Option('--source <hex>', 'source id').argParser(hex32).makeOptionMandatory())
  .action(async (options: { folder: string; genesis?: string; chain?: string; source: string }) => {
    const { folder, genesis, chain, source } = options;
    if (chain !== undefined) print(await proveKeys({ folder, source, chain: { chainId: chain } }));
    else if (genesis !== undefined) print(await proveKeys({ folder, source, chain: { genesisFile: genesis } }));
    else program.error('error: give --genesis <file> or --chain <hex>');
  });

program
  .command('rotate')
  .description('make the next node key or VRF key and print what Rotate Key needs, as JSON')
  .requiredOption('--folder <folder>', 'folder made by init')
  .addOption(new Option('--role <role>', 'which key').choices(['node', 'vrf']).makeOptionMandatory())
  .requiredOption('--genesis <file>', 'genesis file of the chain')
  .addOption(new Option('--source <hex>', 'source id').argParser(hex32).makeOptionMandatory())
  .action(async (options: { folder: string; role: RotatedRole; genesis: string; source: string }) => {
    print(await rotate({ ...options, chainId: chainIdOf(await readGenesis(options.genesis)) }));
  });

program
  .command('finish-rotation')
  .description('put the next keys that serve into the place of the first, while the node is stopped')
  .requiredOption('--folder <folder>', 'folder of the node')
  .requiredOption('--genesis <file>', 'genesis file of the chain')
  .addOption(new Option('--source <hex>', 'source id').argParser(hex32).makeOptionMandatory())
  .action(async ({ folder, genesis, source }: { folder: string; genesis: string; source: string }) => {
    const known = { folder: resolve(folder), genesis: await readGenesis(genesis), source: fromHex(source) };
    const { servingKeysOf } = await import('./serving-keys.js');
    print(await finishRotation({ folder, serving: await servingKeysOf(known) }));
  });

program
  .command('checkpoint')
  .description('print the newest block that a new node or a light client may start from, as a running node tells it')
  .requiredOption('--api <url>', 'address of its API')
  .action(async ({ api }: { api: string }) => {
    print(await askCheckpoint(api));
  });

program
  .command('check-config')
  .description('check a configuration and the files that it names, and open nothing')
  .requiredOption('--config <file>', 'node.toml')
  .action(async ({ config }: { config: string }) => {
    print(await checkConfig(await readConfig(config)));
  });

const recover = program.command('recover').description('go on without voters that are gone for ever; see the guide');

recover
  .command('make')
  .description('write a recovery for others to sign, offline')
  .requiredOption('--genesis <file>', 'genesis file of the chain')
  .addOption(
    new Option('--height <height>', 'newest final height of those that are left')
      .argParser(height)
      .makeOptionMandatory(),
  )
  .addOption(new Option('--block <hex>', 'id of the block at that height').argParser(hex32).makeOptionMandatory())
  .option('--leave-out <hex...>', 'node keys that neither vote nor lead any more', [])
  .requiredOption('--out <file>', 'where to write it; nothing is overwritten')
  .action(async (options: { genesis: string; height: number; block: string; leaveOut: string[]; out: string }) => {
    const { genesis, block, leaveOut, out } = options;
    const leftOut = leaveOut.map(hex32);
    print(await makeRecovery({ genesisFile: genesis, height: options.height, blockId: block, leftOut, out }));
  });

recover
  .command('sign')
  .description('add a signature to a recovery: of a recovery key, or of the node key of a voter')
  .requiredOption('--genesis <file>', 'genesis file of the chain')
  .requiredOption('--file <file>', 'the recovery; the signature is added to it')
  .requiredOption('--key <file>', 'PEM PKCS#8 Ed25519 key, mode 0600')
  .action(async ({ genesis, file, key }: { genesis: string; file: string; key: string }) => {
    print(await signRecovery({ genesisFile: genesis, file, keyFile: key }));
  });

program
  .command('run')
  .description('run the node until SIGTERM or SIGINT')
  .requiredOption('--config <file>', 'node.toml')
  .option('--recover <file...>', 'follow these recoveries; they are kept in the folder for later starts', [])
  .action(async ({ config: file, recover }: { config: string; recover: readonly string[] }) => {
    const stopRequested = new Promise<void>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
    });
    const read = await readConfig(file);
    const config = { ...read, recoveries: [...read.recoveries, ...recover.map((path) => resolve(path))] };
    const logger = pino({ level: config.logLevel, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
    const stop = new AbortController();
    void stopRequested.then(() => stop.abort());
    // Loaded when it is needed: the ledger, the network and the API are half of the time that any other command would take.
    const { startNode } = await import('./run.js');
    const node = await startNode(config, logger, stop.signal).catch((error: unknown) => {
      if (stop.signal.aborted) return undefined;
      throw error;
    });
    if (!node) {
      print({ event: 'stopped' });
      return;
    }
    print({ event: 'listening', api: node.api, peer: node.peer });
    const failure = await Promise.race([node.failed, stopRequested]);
    await node.close();
    if (failure) throw new NodeAppError({ code: 'STORE_FAILED' }, `the node stopped: ${oneLine(failure.message)}`);
    print({ event: 'stopped' });
  });

function oneLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`radledger-node: ${oneLine(error instanceof Error ? error.message : String(error))}\n`);
  process.exitCode = exitCodeOf(error);
}
