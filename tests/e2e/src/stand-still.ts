/** A local net that seals nothing: two of its four nodes are frozen, the two that gateways ask are not. */
import { decodeBody } from '@radledger/chain';
import type { LocalNet } from '@radledger/devnet';
import { fromHex } from '@radledger/primitives';
import { decodeTransaction, isKind } from '@radledger/transactions';

export interface StillNet {
  /** Addresses of the frozen nodes: whoever asks them waits. */
  readonly apis: readonly string[];
  goOn(): void;
}

export function standStill({ processes, network }: LocalNet): StillNet {
  const frozen = ['node-3', 'node-4'];
  const pids = processes.filter(({ name }) => frozen.includes(name)).map(({ pid }) => pid);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  return {
    apis: network.nodes.filter(({ name }) => frozen.includes(name)).map(({ api }) => api),
    goOn: () => {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    },
  };
}

/** How many Stops stand in blocks above a height, as far as they are final. */
export async function stopsOnLedger({ cast, network }: LocalNet, aboveHeight: number): Promise<number> {
  let stops = 0;
  const { height: last } = (await cast.node.status()).finalized;
  for (let height = aboveHeight + 1; height <= last; height += 1) {
    const { body } = (await cast.node.block(height)) ?? {};
    if (body === undefined) throw new Error(`block ${height} is final and has a body`);
    const { transactions } = decodeBody(body, { bytesMax: 1024 ** 2 });
    const chainId = fromHex(network.chainId);
    stops += transactions.filter((bytes) => isKind(decodeTransaction(bytes, chainId), 'revoke-access')).length;
  }
  return stops;
}
