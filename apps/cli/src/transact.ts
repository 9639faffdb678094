/** A transaction signed with a key file, sent and waited for. */
import type { NodeClient } from '@radledger/client';
import { createSigner, decodePrivateKeyPem, type Signer, toHex } from '@radledger/primitives';
import { createTransaction, type PayloadOf, type TransactionKind } from '@radledger/transactions';
import { finalJson } from './commands/study-commands.js';
import type { Context } from './context.js';
import { readSecretFile } from './secret-input.js';

/** How far ahead of the newest finalized block a transaction may still enter one. */
const EXPIRY_BLOCKS = 256;

export async function transact<K extends TransactionKind>(
  context: Context,
  node: NodeClient,
  input: { command: string; kind: K; signer: Signer; payload: PayloadOf<K>; source: Uint8Array },
): Promise<void> {
  const { signal, output } = context;
  const { chainId, finalized } = await node.status({ signal });
  const expiryHeight = finalized.height + EXPIRY_BLOCKS;
  const { kind, signer, payload } = input;
  const { bytes, txId } = await createTransaction({ chainId, kind, signer, expiryHeight, payload });
  await node.submit(bytes, { signal });
  output.progress(`transaction ${toHex(txId)} sent; waiting until it is final`);
  const fromHeight = finalized.height + 1;
  // A source acts in public: its node may know that it waits.
  const { height } = await node.waitForFinalized(txId, { fromHeight, expiryHeight, askForReason: true, signal });
  output.result(input.command, { source: toHex(input.source), ...finalJson({ txId, height }) }, [
    `source ${toHex(input.source)}: final at height ${height}`,
  ]);
}

export async function signerOf(file: string): Promise<Signer> {
  return createSigner(decodePrivateKeyPem(await readSecretFile(file)));
}
