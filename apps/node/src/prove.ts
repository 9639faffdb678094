/** `radledger-node prove`: what the source's Define Source needs from this node, and nothing secret. */
import { chainIdOf } from '@radledger/chain';
import { createSigner, fromHex, toHex } from '@radledger/primitives';
import { signKeyProof } from '@radledger/transactions';
import { folderPaths, readSeed } from './folder.js';
import { readGenesis } from './genesis-file.js';

/** Keys and proofs of possession (docs/spec/transactions.md, section 5), all lower-case hex. */
export interface KeyProofs {
  readonly chainId: string;
  readonly source: string;
  readonly nodeKey: string;
  readonly nodeKeyProof: string;
  readonly vrfKey: string;
  readonly vrfKeyProof: string;
}

/**
 * Signs, with the node key and with the VRF key of a folder, that they belong to one source of one chain.
 * @throws {NodeAppError} `KEY_FILE_MISSING` | `KEY_FILE_MODE` | `KEY_FILE_INVALID` | `GENESIS_UNREADABLE` | `GENESIS_INVALID`
 */
export async function proveKeys(options: {
  readonly folder: string;
  /** Genesis file, or the chain id as 64 hex. */
  readonly chain: { readonly genesisFile: string } | { readonly chainId: string };
  /** 64 hex. */
  readonly source: string;
}): Promise<KeyProofs> {
  const paths = folderPaths(options.folder);
  const chainId =
    'chainId' in options.chain
      ? fromHex(options.chain.chainId)
      : chainIdOf(await readGenesis(options.chain.genesisFile));
  const source = fromHex(options.source);
  const nodeKey = await createSigner(await readSeed(paths.nodeKey));
  const vrfKey = await createSigner(await readSeed(paths.vrfKey));
  return {
    chainId: toHex(chainId),
    source: options.source,
    nodeKey: toHex(nodeKey.publicKey),
    nodeKeyProof: toHex(await signKeyProof({ chainId, source, role: 'node', key: nodeKey })),
    vrfKey: toHex(vrfKey.publicKey),
    vrfKeyProof: toHex(await signKeyProof({ chainId, source, role: 'vrf', key: vrfKey })),
  };
}
