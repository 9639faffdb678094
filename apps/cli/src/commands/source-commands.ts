import { readFile } from 'node:fs/promises';
import { X509Certificate, createHash } from 'node:crypto';
import { cellKey, decodeParamsCell } from '@radledger/chain';
import { createCellReader, type NodeClient } from '@radledger/client';
import { equalBytes, fromHex, toHex } from '@radledger/primitives';
import { type KeyRole, signKeyProof, solveWorkStamp } from '@radledger/transactions';
import { type Command, Option } from 'commander';
import { collect, idArgument, urlArgument } from '../arguments.js';
import { type Context, nodeOf, type OperatorOptions, operatorOf } from '../context.js';
import { CliError, usageError } from '../errors.js';
import { addNodeOption, addOperatorOptions, example } from '../options.js';
import { signerOf, transact } from '../transact.js';
import { addInvitationCommands } from './invitation-commands.js';

interface EndpointOptions {
  readonly name: string;
  readonly baseUrl?: string;
  readonly tlsPin?: readonly string[];
  readonly tlsCertificate?: readonly string[];
}

interface KeyFileOptions extends EndpointOptions, OperatorOptions {
  readonly node?: string;
  readonly key?: string;
  readonly source?: Uint8Array;
  readonly nodeKey?: string;
  readonly vrfKey?: string;
  readonly proofs?: string;
}

/** `source define|move|rotate`; `source worklist|invite` are in `invitation-commands.ts`. */
export function addSourceCommands(program: Command, context: Context): void {
  const source = program.command('source').description('the directory entry and the invitations of an image source');
  addInvitationCommands(source, context);

  addEndpointOptions(addOperatorOptions(addNodeOption(source.command('define'))))
    .description(
      'enter a source in the directory: through its gateway (--operator, --proofs), or with key files (--key, --node-key, --vrf-key)',
    )
    .option('--proofs <file>', 'output of `radledger-node prove`: nodeKey, nodeKeyProof, vrfKey, vrfKeyProof')
    .option('--key <file>', 'PEM key file of the source (mode 0600)')
    .option('--node-key <file>', 'PEM key file of its node (mode 0600)')
    .option('--vrf-key <file>', 'PEM key file of its VRF key (mode 0600)')
    .addHelpText(
      'after',
      example(
        "radledger source define --name 'City Hospital' --operator http://127.0.0.1:7301 --token-file token --proofs proofs.json",
      ),
    )
    .action((options: KeyFileOptions) => defineSource(context, options));

  addEndpointOptions(addOperatorOptions(addNodeOption(source.command('move'))))
    .description('change the name, address or TLS pins of a source: through its gateway, or with --key')
    .option('--key <file>', 'PEM file of the current signing key (mode 0600)')
    .option('--source <id>', 'source id, when the signing key was rotated', idArgument)
    .addHelpText(
      'after',
      example("radledger source move --name 'City Hospital' --operator http://127.0.0.1:7301 --token-file token"),
    )
    .action((options: KeyFileOptions) => moveSource(context, options));

  addNodeOption(source.command('rotate'))
    .description('replace the signing, node or VRF key of a source')
    .addOption(new Option('--role <role>', 'which key').choices(['signing', 'node', 'vrf']).makeOptionMandatory())
    .requiredOption('--key <file>', 'PEM file of the current signing key (mode 0600)')
    .requiredOption('--new-key <file>', 'PEM file of the new key (mode 0600)')
    .option('--source <id>', 'source id, when the signing key was rotated before', idArgument)
    .addHelpText('after', example('radledger source rotate --role node --key source.pem --new-key node-2.pem'))
    .action((options: { node?: string; role: KeyRole; key: string; newKey: string; source?: Uint8Array }) =>
      rotateKey(context, options),
    );
}

function addEndpointOptions(command: Command): Command {
  return command
    .requiredOption('--name <name>', 'name in the directory, at most 64 bytes')
    .option('--base-url <url>', 'https address of the source; with key files only', urlArgument)
    .option('--tls-pin <hex>', 'SHA-256 of the SubjectPublicKeyInfo; with key files only, 1 to 3', collect)
    .option('--tls-certificate <file>', 'or PEM certificates to take the pins from', collect);
}

async function defineSource(context: Context, options: KeyFileOptions): Promise<void> {
  if (options.key === undefined) {
    if (options.proofs === undefined)
      throw usageError('--proofs', 'give --proofs with --operator, or --key, --node-key and --vrf-key');
    const operator = await operatorOf(context, options);
    const proofs = await readProofs(options.proofs);
    const { txId } = await operator.defineSource({ name: options.name, ...proofs }, { signal: context.signal });
    context.output.result('source define', { txId: toHex(txId) }, [`transaction ${toHex(txId)} sent`]);
    return;
  }
  if (options.nodeKey === undefined || options.vrfKey === undefined) {
    throw usageError('--node-key', 'with --key, give --node-key and --vrf-key too');
  }
  const node = nodeOf(context, options);
  const endpoint = await endpointOf(options);
  const signer = await signerOf(options.key);
  const nodeKey = await signerOf(options.nodeKey);
  const vrfKey = await signerOf(options.vrfKey);
  const { chainId, finalized } = await node.status({ signal: context.signal });
  const source = signer.publicKey;
  const known = await node.source(source, { signal: context.signal });
  const workBits = known.cell === undefined ? await workBitsOf(node, context.signal) : 0;
  if (workBits > 0) context.output.progress(`searching the work stamp (${workBits} bits)`);
  const { height, id: blockId } = finalized;
  const admission =
    workBits > 0
      ? await solveWorkStamp({ chainId, source, height, blockId, workBits }, { signal: context.signal })
      : undefined;
  const payload = {
    source,
    ...endpoint,
    nodeKey: nodeKey.publicKey,
    nodeKeyProof: await signKeyProof({ chainId, source, role: 'node', key: nodeKey }),
    vrfKey: vrfKey.publicKey,
    vrfKeyProof: await signKeyProof({ chainId, source, role: 'vrf', key: vrfKey }),
    admission,
  };
  await transact(context, node, { command: 'source define', kind: 'define-source', signer, payload, source });
}

async function moveSource(context: Context, options: KeyFileOptions): Promise<void> {
  if (options.key === undefined) {
    const operator = await operatorOf(context, options);
    const { txId } = await operator.moveSource({ name: options.name }, { signal: context.signal });
    context.output.result('source move', { txId: toHex(txId) }, [`transaction ${toHex(txId)} sent`]);
    return;
  }
  const node = nodeOf(context, options);
  const signer = await signerOf(options.key);
  const source = options.source ?? signer.publicKey;
  const payload = { source, ...(await endpointOf(options)) };
  await transact(context, node, { command: 'source move', kind: 'move-source', signer, payload, source });
}

async function rotateKey(
  context: Context,
  options: { node?: string; role: KeyRole; key: string; newKey: string; source?: Uint8Array },
): Promise<void> {
  const node = nodeOf(context, options);
  const signer = await signerOf(options.key);
  const newKey = await signerOf(options.newKey);
  const source = options.source ?? signer.publicKey;
  const { chainId } = await node.status({ signal: context.signal });
  const { role } = options;
  const proof = await signKeyProof({ chainId, source, role, key: newKey });
  const payload = { source, role, newKey: newKey.publicKey, proof };
  await transact(context, node, { command: 'source rotate', kind: 'rotate-key', signer, payload, source });
}

async function workBitsOf(node: NodeClient, signal: AbortSignal): Promise<number> {
  const [params] = await createCellReader(node).read([cellKey.params], signal);
  if (params === undefined) throw new CliError({ code: 'NOT_FOUND', what: 'params' }, 'the ledger has no parameters');
  const { policies, parameters } = decodeParamsCell(params);
  // Where authorities admit, an Attest on the ledger does, and a stamp is refused.
  return policies.admission === 'open' ? parameters.workBits : 0;
}

async function endpointOf(options: EndpointOptions): Promise<{ name: string; baseUrl: string; tlsPins: Uint8Array[] }> {
  if (options.baseUrl === undefined) throw usageError('--base-url', 'with --key, give --base-url');
  const given = (options.tlsPin ?? []).map((pin) => idArgument(pin));
  const read = await Promise.all((options.tlsCertificate ?? []).map(pinOfCertificate));
  const tlsPins = [...given, ...read].filter((pin, at, all) => all.findIndex((other) => equalBytes(other, pin)) === at);
  if (tlsPins.length === 0) throw usageError('--tls-pin', 'with --key, give --tls-pin or --tls-certificate');
  return { name: options.name, baseUrl: options.baseUrl, tlsPins };
}

async function pinOfCertificate(file: string): Promise<Uint8Array> {
  const pem = await readFile(file).catch(() => {
    throw new CliError({ code: 'FILE_MISSING', file }, `cannot read ${file}`);
  });
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return new Uint8Array(createHash('sha256').update(key).digest());
}

async function readProofs(
  file: string,
): Promise<{ nodeKey: Uint8Array; nodeProof: Uint8Array; vrfKey: Uint8Array; vrfProof: Uint8Array }> {
  const content = await readFile(file, 'utf8').catch(() => {
    throw new CliError({ code: 'FILE_MISSING', file }, `cannot read ${file}`);
  });
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw usageError('--proofs', 'the file is not the JSON that `radledger-node prove` prints');
  }
  const hex = (name: string, length: number): Uint8Array => {
    const value = (json as Record<string, unknown> | null)?.[name];
    if (typeof value === 'string' && /^[0-9a-f]*$/.test(value) && value.length === 2 * length) return fromHex(value);
    throw usageError('--proofs', `the file must hold ${name}, ${2 * length} lower-case hexadecimal digits`);
  };
  return {
    nodeKey: hex('nodeKey', 32),
    nodeProof: hex('nodeKeyProof', 64),
    vrfKey: hex('vrfKey', 32),
    vrfProof: hex('vrfKeyProof', 64),
  };
}
