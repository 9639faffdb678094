/** `radledger-gateway init`: the keys of a gateway, made once; what is there already is left alone. */
import { access, mkdir, open, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { tlsPinOf } from '@radledger/exchange/http';
import { encodePrivateKeyPem, generateSeed, publicKeyOf, randomBytes, toHex } from '@radledger/primitives';
import { generate } from 'selfsigned';
import { readSeed } from './secret-files.js';

const TLS_YEARS = 30;

export type Role = 'source' | 'recipient';

export interface InitResult {
  readonly folder: string;
  readonly config: string;
  /** 64 hex; of a source: its id, the key that will sign Define Source. */
  readonly sourceId?: string;
  /** 64 hex; of a source: the pin of its TLS key. */
  readonly tlsPin?: string;
  /** 64 hex; of a recipient. */
  readonly recipientKey?: string;
}

/**
 * Makes what the role needs and is not there yet: `source.pem`, `tls-key.pem`, `tls-cert.pem`, `recipient.pem`,
 * `secret-box.key`, `operator-token` (all but the certificate 0600) and a first `gateway.toml`. Overwrites nothing, so a second
 * role can be added later.
 */
export async function initFolder(options: {
  readonly folder: string;
  readonly role: Role;
  /** Address of the operator's node, for the first configuration. */
  readonly node: string;
}): Promise<InitResult> {
  const folder = resolve(options.folder);
  const at = (name: string): string => join(folder, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeMissing(at('secret-box.key'), () => `${toHex(randomBytes(32))}\n`);
  await writeMissing(at('operator-token'), () => `${toHex(randomBytes(32))}\n`);
  const config = at('gateway.toml');
  if (options.role === 'recipient') {
    await writeMissing(at('recipient.pem'), () => encodePrivateKeyPem(generateSeed()));
    await writeMissing(config, () => firstConfig(options, '[recipient]\nfolder = "received"\n'), 0o644);
    return { folder, config, recipientKey: toHex(await publicKeyOf(await readSeed(at('recipient.pem')))) };
  }
  await writeMissing(at('source.pem'), () => encodePrivateKeyPem(generateSeed()));
  if (!(await exists(at('tls-key.pem')))) {
    const tls = await generate([{ name: 'commonName', value: 'radledger-gateway' }], {
      keyType: 'ec',
      curve: 'P-256',
      algorithm: 'sha256',
      notAfterDate: new Date(Date.now() + TLS_YEARS * 365 * 86_400_000),
    });
    await writeMissing(at('tls-key.pem'), () => tls.private);
    await writeMissing(at('tls-cert.pem'), () => tls.cert, 0o644);
  }
  const source =
    '[source]\nfolder = "archive"\n# How your desk knows whom it invites, unless an invitation says it: photo-id, known, portal or mailed-code.\n# identityCheckedBy = "photo-id"\n\n[source.iti43]\nhost = "127.0.0.1"\nport = 7443\n';
  await writeMissing(config, () => firstConfig(options, source), 0o644);
  return {
    folder,
    config,
    sourceId: toHex(await publicKeyOf(await readSeed(at('source.pem')))),
    tlsPin: toHex(tlsPinOf(await readFile(at('tls-cert.pem'), 'utf8'))),
  };
}

function firstConfig({ node }: { readonly node: string }, role: string): string {
  return `node = "${node}"
logLevel = "info"

# What patients' apps reach, behind a reverse proxy that has a web certificate:
# then also url = "https://images.example".
[api]
host = "127.0.0.1"
port = 7420

[operator]
host = "127.0.0.1"
port = 7421

${role}`;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function writeMissing(file: string, text: () => string, mode = 0o600): Promise<void> {
  if (await exists(file)) return;
  const handle = await open(file, 'wx', mode);
  try {
    await handle.writeFile(text());
    await handle.sync();
  } finally {
    await handle.close();
  }
}
