/** `radledger-node checkpoint`: the newest block that others may start from, as a running node tells it. */
import { formatCheckpoint, parseCheckpoint } from '@radledger/chain';
import { NodeAppError } from './errors.js';

const TIMEOUT_MS = 10_000;

/** @throws {NodeAppError} `API_UNREACHABLE` */
export async function askCheckpoint(api: string): Promise<{ readonly checkpoint: string }> {
  try {
    const response = await fetch(`${api.replace(/\/+$/, '')}/v1/status`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { checkpoint } = (await response.json()) as { readonly checkpoint?: unknown };
    return { checkpoint: formatCheckpoint(parseCheckpoint(String(checkpoint))) };
  } catch (cause) {
    throw new NodeAppError(
      { code: 'API_UNREACHABLE', api },
      `${api} is not the API of a running node: give the address in its "listening" line`,
      { cause },
    );
  }
}
