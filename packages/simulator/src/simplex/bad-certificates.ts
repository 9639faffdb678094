import { type Certificate, encodeMessage, signedBytes, type VoteGroup } from '@radledger/consensus-simplex';
import { equalBytes, hash } from '@radledger/primitives';
import type { Behaviour, Puppet } from '../behaviour.js';
import { heardBy } from './puppet-messages.js';
import { epochOf } from './puppet-votes.js';

/** Passes each certificate on with a seat twice, of another epoch or chain, of mixed reasons or kinds, or too light. */
export const badCertificates: Behaviour = {
  name: 'bad-certificates',
  incoming(puppet, _, bytes) {
    const message = heardBy(puppet, bytes);
    if (message?.type !== 'certificate') return false;
    const forged = puppet.prng.pick(FORGERIES)(message.certificate, puppet);
    if (forged === undefined) return false;
    for (const peer of puppet.peers) puppet.say(peer, encodeMessage({ type: 'certificate', certificate: forged }));
    return false;
  },
};

const FORGERIES: readonly ((certificate: Certificate, puppet: Puppet) => Certificate | undefined)[] = [
  // A seat twice.
  ({ epoch, groups }) => ({
    epoch,
    groups: groups.map(({ vote, signatures }) => ({ vote, signatures: signatures.flatMap((one) => [one, one]) })),
  }),
  // The votes of one epoch in another.
  (certificate) => ({ ...certificate, epoch: certificate.epoch + 1 }),
  (certificate) => (certificate.epoch === 0 ? undefined : { ...certificate, epoch: certificate.epoch - 1 }),
  // The liar's vote of another chain, in place of all others' of this one.
  (certificate, puppet) => {
    const epoch = epochOf(puppet, certificate.epoch);
    const first = certificate.groups[0] as VoteGroup;
    if (epoch === undefined) return undefined;
    const seat = seatOf(puppet, epoch.committee);
    const signature = puppet.sign(signedBytes(hash('sim/other-chain'), epoch, first.vote));
    const signatures = first.signatures.map((one) => (one[0] === seat ? ([seat, signature] as const) : one));
    return { ...certificate, groups: [{ vote: first.vote, signatures }] };
  },
  // Notarizing votes passed off as reasons to give up.
  ({ epoch, groups }) => ({
    epoch,
    groups: groups.map(({ vote, signatures }) => ({
      vote: { kind: 'nullify', view: vote.view, reason: 2, blockId: undefined } as const,
      signatures,
    })),
  }),
  // Mixed reasons: each signature under a reason that its voter did not give.
  ({ epoch, groups }) => ({
    epoch,
    groups: groups.flatMap(({ vote, signatures }) =>
      signatures.map((one, reason) => ({
        vote: { kind: 'nullify', view: vote.view, reason: reason % 4, blockId: undefined } as const,
        signatures: [one],
      })),
    ),
  }),
  // Two seats short.
  ({ epoch, groups }) => ({
    epoch,
    groups: groups.map(({ vote, signatures }) => ({ vote, signatures: signatures.slice(0, 1) })),
  }),
];

function seatOf({ node }: Puppet, committee: readonly { readonly source: Uint8Array }[]): number {
  return committee.findIndex(({ source }) => equalBytes(source, node.options.member.source));
}
