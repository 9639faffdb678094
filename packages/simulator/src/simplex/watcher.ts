/** Invariants I2 to I6 and I14 on the messages of simplex. Design: docs/spec/simulation.md. */
import { type EpochContext, isQuorum } from '@radledger/consensus';
import {
  type Certificate,
  certificatesOf,
  decodeJustification,
  decodeMessage,
  decodeSeal,
  encodeMessage,
  statementOf,
  type Vote,
  voteOfSignedBytes,
} from '@radledger/consensus-simplex';
import { equalBytes, toHex } from '@radledger/primitives';
import { Violation } from '../violation.js';
import type { Watcher, WatcherContext } from '../watcher.js';

interface ViewRecord {
  notarized?: string;
  nullified?: boolean;
  finalized?: string;
}

export function createSimplexWatcher(context: WatcherContext): Watcher {
  const { parameters } = context.genesis;
  const views = new Map<string, ViewRecord>();
  const signedVotes = new Map<string, Partial<Record<Vote['kind'], string>>>();
  const seen = new WeakSet<object>();

  /** @param node - who shows it, and so knows its voters */
  function certificate(node: number, shown: Certificate): void {
    if (seen.has(shown)) return;
    seen.add(shown);
    checkWeight(shown, context.node(node).chain.epoch(shown.epoch));
    const statement = statementOf(shown);
    const key = `${shown.epoch}/${statement.view}`;
    const view = views.get(key) ?? {};
    views.set(key, view);
    if (statement.kind === 'nullify') view.nullified = true;
    else if (statement.kind !== 'proposal') {
      const id = toHex(statement.blockId);
      if ((view.notarized ?? id) !== id) throw new Violation('I3', `two blocks are certified in view ${key}`);
      view.notarized = id;
      if (statement.kind === 'finalize') view.finalized = id;
    }
    if (view.nullified && view.finalized !== undefined) throw new Violation('I2', `view ${key} is final and given up`);
  }

  return {
    sent(node, bytes) {
      if (seen.has(bytes)) return;
      seen.add(bytes);
      const message = decodeMessage(bytes, parameters.blockBytesMax);
      if (!equalBytes(encodeMessage(message), bytes)) throw new Violation('I14', `a ${message.type} is not canonical`);
      if (message.type === 'certificate') certificate(node, message.certificate);
      if (message.type !== 'proposal') return;
      const { block, again } = message;
      for (const shown of certificatesOf(
        decodeJustification(again ?? block.body.justification, parameters.blockBytesMax),
      )) {
        certificate(node, shown);
      }
    },
    signed(node, bytes) {
      const vote = voteOfSignedBytes(bytes);
      // The epoch is inside the bytes: equal views of two epochs differ in the committee root before the vote.
      const key = `${node}/${epochPrefix(bytes)}/${vote.view}`;
      const earlier = signedVotes.get(key) ?? {};
      signedVotes.set(key, earlier);
      const id = vote.blockId === undefined ? '' : toHex(vote.blockId);
      const before = earlier[vote.kind];
      if (vote.kind !== 'nullify' && before !== undefined && before !== id) {
        throw new Violation('I6', `honest node ${node} signed two ${vote.kind} in view ${vote.view}`);
      }
      earlier[vote.kind] = id;
      if (earlier.nullify !== undefined && earlier.finalize !== undefined) {
        throw new Violation('I6', `honest node ${node} gave up and finalized view ${vote.view}`);
      }
    },
    finalizing(node, blocks) {
      for (const { block } of blocks) {
        const seal = decodeSeal(block.header);
        const { parent, nullifications } = decodeJustification(block.body.justification, parameters.blockBytesMax);
        for (const shown of nullifications) certificate(node, shown);
        const parentView = parent?.epoch === seal.epoch ? statementOf(parent).view : 0;
        const skipped = nullifications.map((shown) => statementOf(shown).view);
        for (let view = Math.max(parentView + 1, seal.view - 64); view < seal.view; view++) {
          if (!skipped.includes(view)) throw new Violation('I4', `view ${view} was skipped without being given up`);
        }
      }
    },
  };
}

/** Tag, chain id, epoch and most of the committee root: equal within an epoch, different between epochs. */
function epochPrefix(bytes: Uint8Array): string {
  return toHex(bytes.subarray(0, 80));
}

function checkWeight(certificate: Certificate, voters: EpochContext | undefined): void {
  if (voters === undefined) throw new Violation('I5', `the voters of epoch ${certificate.epoch} are not known yet`);
  const { committee, totalWeight } = voters;
  const seats = new Set(certificate.groups.flatMap(({ signatures }) => signatures.map(([seat]) => seat)));
  const count = certificate.groups.reduce((sum, { signatures }) => sum + signatures.length, 0);
  if (seats.size !== count) throw new Violation('I5', 'a certificate counts a seat twice');
  let weight = 0n;
  for (const seat of seats) weight += committee[seat]?.weight ?? 0n;
  if (!isQuorum(weight, totalWeight)) {
    throw new Violation('I5', `a certificate of view ${statementOf(certificate).view} has ${weight} of ${totalWeight}`);
  }
}
