import { type Certificate, encodeJustification, statementOf } from '@radledger/consensus-simplex';
import { blockIdOf, type Header, isBoundaryHeight } from '@radledger/chain';
import type { Behaviour, Puppet } from '../behaviour.js';
import { proposalMessage, withBody } from './puppet-blocks.js';
import { asLeader, heardBy } from './puppet-messages.js';

/** Certificates that a liar has seen of one epoch, by view. */
interface Shown {
  readonly epoch: number;
  readonly nullified: Map<number, Certificate>;
  readonly notarized: Map<number, Certificate>;
}
const shownTo = new WeakMap<Puppet, Shown>();

const leads = asLeader('stale-parents', (puppet, to, { proposal, epoch }) => {
  const shown = shownTo.get(puppet);
  if (shown === undefined || shown.epoch !== proposal.epoch) return false;
  // The lowest certified block that valid nullifications lead up from, instead of the highest.
  const nullifications: Certificate[] = [];
  let stale:
    | { readonly parent: Certificate; readonly header: Header; readonly nullifications: Certificate[] }
    | undefined;
  for (let view = proposal.view - 1; view > 0; view--) {
    const parent = shown.notarized.get(view);
    const statement = parent && statementOf(parent);
    const header = statement?.kind === 'notarize' ? puppet.node.chain.headerOf(statement.blockId) : undefined;
    if (parent !== undefined && header !== undefined) stale = { parent, header, nullifications: [...nullifications] };
    const nullification = shown.nullified.get(view);
    if (nullification === undefined) break;
    nullifications.unshift(nullification);
  }
  const { parameters } = puppet.genesis;
  if (stale === undefined || isBoundaryHeight(stale.header.height, parameters.epochHeights)) return false;
  if (proposal.block.header.timestampMs <= stale.header.timestampMs + parameters.minimumIntervalMs) return false;
  const { parent, header } = stale;
  const justification = encodeJustification({ parent, nullifications: stale.nullifications, tail: undefined });
  const block = withBody(proposal.block, header, { justification, transactions: [blockIdOf(header)] });
  for (const peer of to) puppet.say(peer, proposalMessage(puppet, epoch, proposal, block));
  return true;
});

/** As leader, builds on the oldest block that it can still justify, beside the one that others build on. */
export const staleParents: Behaviour = {
  ...leads,
  incoming(puppet, _, bytes) {
    const message = heardBy(puppet, bytes);
    if (message?.type !== 'certificate') return false;
    const { certificate } = message;
    const known = shownTo.get(puppet);
    const shown =
      known?.epoch === certificate.epoch
        ? known
        : {
            epoch: certificate.epoch,
            nullified: new Map<number, Certificate>(),
            notarized: new Map<number, Certificate>(),
          };
    shownTo.set(puppet, shown);
    const { kind, view } = statementOf(certificate);
    if (kind === 'nullify') shown.nullified.set(view, certificate);
    if (kind === 'notarize') shown.notarized.set(view, certificate);
    return false;
  },
};
