/**
 * A sign-log restored from an older copy, on a node that asks before it votes, but cannot hear the one peer who knows better: it
 * signs a second block for a view. That peer proves it, and the ledger puts it down.
 */
import { cellKey, decodeKeyCell, type MisconductCell } from '@radledger/chain';
import { decodeSignRecord } from '@radledger/consensus';
import { simplex, type Vote, voteOfSignedBytes } from '@radledger/consensus-simplex';
import { afterEach, expect, test, vi } from 'vitest';
import { nextEvent, startNet, type TestNet, type TestNode } from './support/net.js';
import { cellOf, misconductOf } from './support/misconduct.js';

vi.setConfig({ testTimeout: 120_000 });

let net: TestNet | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await net?.close();
  net = undefined;
});

function deferred<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** The vote that a node key is asked to sign; it signs reports too. */
function voteIn(bytes: Uint8Array): Vote | undefined {
  try {
    return voteOfSignedBytes(bytes);
  } catch {
    return undefined;
  }
}

/** Resolves with what the chain knows of this source's first epoch, as soon as it knows something. */
async function reportedAgainst(node: TestNode, source: Uint8Array): Promise<MisconductCell> {
  for (;;) {
    const next = nextEvent(node.ledger, 'finalized');
    const found = await misconductOf(node.ledger, source, 0);
    if (found) return found;
    await next;
  }
}

test('a copied folder that votes all the same is shown by evidence, and the report is finalized', async () => {
  const proposed = deferred<number>();
  const notarized = deferred<number>();
  const stage = { copyIsUp: false, stoppedView: 0, witnessSpeaks: (): void => undefined };
  net = await startNet({
    module: simplex,
    parameters: { targetIntervalMs: 100, assumedDelayMs: 1_000 },
    tap(index, parts) {
      const { signer } = parts;
      const sign = signer.sign.bind(signer);
      if (index === 3 && stage.copyIsUp) {
        // The older copy: everything up to the view that the original proposed in.
        const older = parts.signLog.records.filter((record) => decodeSignRecord(record).view < stage.stoppedView);
        Object.assign(parts.signLog, { records: older });
      }
      signer.sign = async (bytes) => {
        const vote = voteIn(bytes);
        if (index === 3 && vote?.kind === 'proposal' && vote.view > 3) {
          if (stage.copyIsUp) {
            if (vote.view === stage.stoppedView) stage.witnessSpeaks();
          } else if (net !== undefined && stage.stoppedView === 0) {
            // The quorum is lost before the block leaves: it stays alone with its witness.
            stage.stoppedView = vote.view;
            await Promise.all([net.nodes[1]!.stop(), net.nodes[2]!.stop()]);
            proposed.resolve(vote.view);
          }
        }
        if (index === 0 && vote?.kind === 'notarize' && vote.view === stage.stoppedView) notarized.resolve(vote.view);
        return sign(bytes);
      };
    },
  });
  const [witness, second, third, original] = net.nodes as [TestNode, TestNode, TestNode, TestNode];
  const source = net.sources[3]!.signer.publicKey;
  await proposed.promise;
  await notarized.promise;
  await original.stop();

  // The witness hears everything and is not heard.
  const silence = [
    vi.spyOn(witness.network, 'send').mockReturnValue(false),
    vi.spyOn(witness.network, 'broadcast').mockReturnValue(0),
  ];
  stage.witnessSpeaks = () => silence.forEach((spy) => spy.mockRestore());
  stage.copyIsUp = true;
  await Promise.all([second.restart(), third.restart(), original.restart()]);

  const { reports, nodeKey } = await reportedAgainst(witness, source);
  expect(nodeKey).toEqual(net.sources[3]!.nodeSigner.publicKey);
  expect(reports[0]).toMatchObject({ verdict: 'EQUIVOCATED', view: stage.stoppedView });
  expect(['ConflictingProposal', 'ConflictingNotarize']).toContain(simplex.evidence.kinds.get(reports[0]!.kind));
  const key = await cellOf(witness.ledger, cellKey.key(nodeKey), decodeKeyCell);
  expect(key).toMatchObject({ role: 'node', tombstoned: true });
  expect(await misconductOf(witness.ledger, net.sources[0]!.signer.publicKey, 0)).toBeUndefined();
});
