// Question: how long does a person wait for her grant on an idle net? Four nodes over TLS on loopback, databases and sign-logs
// on disk, all in this process, Tmin 0, T 2 s (design section 6: median <= 50 ms, p99 <= 150 ms).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simplex } from '@radledger/consensus-simplex';
import type { SignedTransaction } from '@radledger/transactions';
import { finalizedAt, nextEvent, startNet } from '../test/support/net.js';
import { allowAccess, defineSource, defineStudy, ownerOf } from '../test/support/transactions.js';
import { type BenchResult, quantile } from './bench-result.js';

/** Submits `count` grants one after another, each on an idle net, and waits for each at the node that took it. */
export async function run({ count = 100 }: { readonly count?: number } = {}): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'radledger-bench-'));
  const net = await startNet({ module: simplex, folder });
  try {
    const { chainId, nodes, sources } = net;
    const [source] = sources;
    const first = nodes[0]?.ledger;
    if (!source || !first) throw new Error('expected a net');
    const owner = await ownerOf('bench');
    const define = await defineSource(chainId, source);
    await first.submit(define.bytes);
    await finalizedAt(first, define.txId);
    const study = await defineStudy(chainId, source, { study: 'bench', owner });
    await first.submit(study.bytes);
    await finalizedAt(first, study.txId);

    const waits: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const { ledger } = nodes[index % nodes.length] as (typeof nodes)[number];
      const allow = await grant(index);
      const start = performance.now();
      await ledger.submit(allow.bytes);
      await finalizedAt(ledger, allow.txId);
      waits.push(performance.now() - start);
      if (index % 4 === 3) await nextEvent(ledger, 'finalized'); // now and then the net idles for a whole T
    }
    async function grant(index: number): Promise<SignedTransaction> {
      const { height } = first?.status().finalized ?? { height: 0 };
      // A study's bucket holds 32 grants: a new study for each 16.
      if (index % 16 === 0) {
        const next = await defineStudy(chainId, source as never, {
          study: `bench ${index}`,
          owner: await ownerOf(`bench ${index}`),
          expiryHeight: height + 100,
        });
        await first?.submit(next.bytes);
        await finalizedAt(first as never, next.txId);
      }
      const study = `bench ${index - (index % 16)}`;
      return allowAccess(chainId, source as never, {
        study,
        owner: await ownerOf(study),
        tag: `tag ${index}`,
        expiryHeight: height + 100,
      });
    }
    return {
      name: 'submit-to-finalized',
      figure: quantile(waits, 0.5),
      unit: `ms median (p99 ${Math.round(quantile(waits, 0.99))} ms, ${count} grants)`,
      floor: null,
      floorName: null,
      ratio: null,
      target: 'median <= 50 ms, p99 <= 150 ms',
    };
  } finally {
    await net.close();
    await rm(folder, { recursive: true, force: true });
  }
}
