/** `radledger-node init`: the keys of a node, its empty sign-log and its peer certificate, made together and once. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { encodePrivateKeyPem, generateSeed, publicKeyOf, toHex } from '@radledger/primitives';
import { createSignLog } from '@radledger/storage';
import { generate } from 'selfsigned';
import { NodeAppError } from './errors.js';
import { exists, folderPaths, writeNew } from './folder.js';

const TLS_YEARS = 30;

export interface InitResult {
  readonly folder: string;
  /** 64 hex each. */
  readonly nodeKey: string;
  readonly vrfKey: string;
  readonly config: string;
}

/**
 * Makes `node.pem` and `vrf.pem` (PEM PKCS#8, 0600), the empty `sign-log`, the TLS key and certificate of the peer listener, and a
 * first `node.toml`. Overwrites nothing: a second sign-log for one key could let it sign twice.
 * @throws {NodeAppError} `FOLDER_NOT_EMPTY`
 */
export async function initFolder(options: {
  readonly folder: string;
  readonly sourceId?: string;
}): Promise<InitResult> {
  const folder = resolve(options.folder);
  const paths = folderPaths(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const file of [paths.nodeKey, paths.vrfKey, paths.signLog, paths.tlsKey, paths.tlsCertificate]) {
    if (await exists(file)) {
      throw new NodeAppError({ code: 'FOLDER_NOT_EMPTY', folder }, `${file} exists already: init overwrites nothing`);
    }
  }
  const nodeSeed = generateSeed();
  const vrfSeed = generateSeed();
  const nodeKey = await publicKeyOf(nodeSeed);
  const tls = await generate([{ name: 'commonName', value: 'radledger-node' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + TLS_YEARS * 365 * 86_400_000),
  });
  // The sign-log comes first: a node key without one must never exist.
  await createSignLog(paths.signLog, { nodeKey, createdAtMs: Date.now() });
  await writeNew(paths.nodeKey, encodePrivateKeyPem(nodeSeed), 0o600);
  await writeNew(paths.vrfKey, encodePrivateKeyPem(vrfSeed), 0o600);
  await writeNew(paths.tlsKey, tls.private, 0o600);
  await writeNew(paths.tlsCertificate, tls.cert, 0o644);
  const config = join(folder, 'node.toml');
  if (!(await exists(config))) await writeNew(config, firstConfig(options.sourceId), 0o644);
  return { folder, nodeKey: toHex(nodeKey), vrfKey: toHex(await publicKeyOf(vrfSeed)), config };
}

function firstConfig(sourceId: string | undefined): string {
  const identity =
    sourceId === undefined
      ? '# To vote for a source: [identity] with source = "<source id>". Without it the node follows only.\n'
      : `[identity]\nsource = "${sourceId}"\n`;
  return `folder = "."
genesis = "genesis.json"
logLevel = "info"

${identity}
[peer]
host = "127.0.0.1"
port = 7411

[api]
host = "127.0.0.1"
port = 7410

# One table for each node to stay connected with:
# [[peers]]
# url = "wss://node.example:7411"
# nodeKey = "<64 hex>"
`;
}
