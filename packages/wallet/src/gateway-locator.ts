/** From a source on the ledger to its gateway. Spec: docs/spec/wallet-keys.md, section 5. */
import type { GatewayClient } from '@radledger/client';
import { type WellKnown, verifyWellKnown } from '@radledger/handover';
import { equalBytes } from '@radledger/primitives';
import type { DirectorySource } from './ledger-view.js';

/** Opens a client of the gateway at an address; the app decides how it is reached. */
export type GatewayPort = (api: string, source?: DirectorySource) => GatewayClient;

/**
 * Finds the gateway of a source: each candidate address is asked for its signed document, and believed only when the
 * source's current signing key signed it.
 * @param candidates - further addresses to try after the origin and the base URL of the directory entry
 * @returns what it says of itself, the address of its browser API among it; undefined when no gateway answered for this source
 */
export async function locateGateway(input: {
  chainId: Uint8Array;
  source: DirectorySource;
  gateway: GatewayPort;
  candidates: readonly string[];
  signal?: AbortSignal | undefined;
}): Promise<WellKnown | undefined> {
  const { source, gateway, signal } = input;
  const own = source.baseUrl === undefined ? [] : [source.baseUrl, new URL(source.baseUrl).origin];
  for (const address of new Set([...input.candidates, ...own])) {
    let document: WellKnown;
    try {
      document = await gateway(address, source).wellKnown(signal === undefined ? {} : { signal });
      await verifyWellKnown(document, source.signingKey);
    } catch {
      // Unreachable, not a gateway, or somebody else's: the next address may do.
      signal?.throwIfAborted();
      continue;
    }
    const matches =
      equalBytes(document.chainId, input.chainId) &&
      document.source !== undefined &&
      equalBytes(document.source, source.id);
    if (matches) return document;
  }
  return undefined;
}
