/** What every command needs: where things are, how to ask, how to answer. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  createDeskClient,
  createGatewayClient,
  createNodeClient,
  createOperatorClient,
  type DeskClient,
  type GatewayClient,
  type NodeClient,
  type OperatorClient,
} from '@radledger/client';
import { type GatewayPort, openWallet, type Wallet, type WalletPorts } from '@radledger/wallet';
import { CliError, usageError } from './errors.js';
import { createGatewayFetch } from './gateway-fetch.js';
import type { Output } from './output.js';
import { readSecretFile, type SecretInput } from './secret-input.js';
import { createWalletFileStore } from './wallet-file.js';

/** Options of the commands that work with a wallet file. */
export interface WalletOptions {
  readonly wallet?: string;
  readonly node?: string;
  readonly gateway?: readonly string[];
  readonly passphraseFile?: string;
  /** Of a new file. */
  readonly randomPassphrase?: true;
}

/** Options of the commands that talk to an operator's gateway. */
export interface OperatorOptions {
  readonly operator?: string;
  readonly tokenFile?: string;
}

export interface Context {
  readonly output: Output;
  readonly input: SecretInput;
  readonly env: NodeJS.ProcessEnv;
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

export function nodeOf(context: Context, options: { node?: string }): NodeClient {
  const url = options.node ?? context.env.RADLEDGER_NODE;
  if (url === undefined) throw usageError('--node', "the node's address is needed: --node URL, or RADLEDGER_NODE");
  return createNodeClient({ url });
}

export async function operatorOf(context: Context, options: OperatorOptions): Promise<OperatorClient> {
  return createOperatorClient(await operatorApiOf(context, options));
}

export async function deskOf(context: Context, options: OperatorOptions): Promise<DeskClient> {
  return createDeskClient(await operatorApiOf(context, options));
}

async function operatorApiOf(
  context: Context,
  options: OperatorOptions,
): Promise<{ readonly url: string; readonly bearerToken: string }> {
  const url = options.operator ?? context.env.RADLEDGER_OPERATOR;
  const tokenFile = options.tokenFile ?? context.env.RADLEDGER_OPERATOR_TOKEN_FILE;
  if (url === undefined) {
    throw usageError('--operator', "the gateway's operator API is needed: --operator URL, or RADLEDGER_OPERATOR");
  }
  if (tokenFile === undefined) {
    throw usageError(
      '--token-file',
      'the operator token is needed: --token-file FILE, or RADLEDGER_OPERATOR_TOKEN_FILE',
    );
  }
  return { url, bearerToken: (await readSecretFile(tokenFile)).trim() };
}

/** Ports of the wallet over its file; release the store when done. */
export function walletPortsOf(
  context: Context,
  options: WalletOptions,
): WalletPorts & {
  readonly store: ReturnType<typeof createWalletFileStore>;
  readonly file: string;
} {
  const file = walletFileOf(context, options);
  const passphraseFile = options.passphraseFile ?? context.env.RADLEDGER_PASSPHRASE_FILE;
  const askPassphrase = (isNew: boolean): Promise<string> =>
    isNew
      ? context.input.readNew('--passphrase-file', passphraseFile, 'New passphrase for the wallet file')
      : context.input.read('--passphrase-file', passphraseFile, 'Passphrase of the wallet file');
  const store = createWalletFileStore(file, askPassphrase, { isRandomPassphrase: options.randomPassphrase === true });
  return {
    file,
    store,
    node: nodeOf(context, options),
    gateway: gatewayPortOf(context),
    ...(options.gateway === undefined ? {} : { gatewayCandidates: options.gateway }),
  };
}

/** Runs work with the wallet of the file. @throws {CliError} `FILE_MISSING` when there is none */
export async function withWallet<T>(
  context: Context,
  options: WalletOptions,
  work: (wallet: Wallet) => Promise<T>,
): Promise<T> {
  const ports = walletPortsOf(context, options);
  try {
    const wallet = await openWallet(ports);
    if (wallet === undefined) {
      throw new CliError({ code: 'FILE_MISSING', file: ports.file }, `there is no wallet file ${ports.file}`);
    }
    return await work(wallet);
  } finally {
    await ports.store.release();
  }
}

function walletFileOf(context: Context, options: WalletOptions): string {
  return options.wallet ?? context.env.RADLEDGER_WALLET ?? join(homedir(), '.radledger', 'wallet.json');
}

/** A gateway whose address somebody else chose. @param pins - those of the source on the ledger, for its own listener */
export function gatewayOf({ env }: Context, api: string, pins?: readonly Uint8Array[]): GatewayClient {
  const rules = {
    allowLoopback: env.RADLEDGER_ALLOW_LOOPBACK === '1',
    allowPrivate: env.RADLEDGER_ALLOW_PRIVATE === '1',
  };
  return createGatewayClient({ url: api, fetch: createGatewayFetch(rules, pins) });
}

/** A gateway below a source's own base URL is reached by the pins of the ledger, any other by the web's authorities. */
function gatewayPortOf(context: Context): GatewayPort {
  return (api, source) => {
    const isOwnListener = source?.baseUrl !== undefined && new URL(api).origin === new URL(source.baseUrl).origin;
    return gatewayOf(context, api, isOwnListener ? source.tlsPins : undefined);
  };
}
