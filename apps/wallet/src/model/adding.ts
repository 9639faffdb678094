/** Whether a hospital adds new images of hers by itself, on keys that were left there, and how she ends and allows that. */
import { toHex } from '@radledger/primitives';
import type { SourceStanding } from '@radledger/wallet';
import type { Session } from './session.js';
import type { Study } from './shelf.js';

/** `not`: she ended it. Undefined while nothing is known of it. */
type Adding = 'by-itself' | 'not';

/** What holds for the hospital of a study, whichever of her studies there the keys were left for. */
export function addingOf(standings: readonly SourceStanding[], study: Study): Adding | undefined {
  const there = standingsWhere(standings, study);
  if (there.some(isOn)) return 'by-itself';
  return there.some(({ link }) => link === 'ended') ? 'not' : undefined;
}

/** From now on new images need an invitation. */
export async function endAdding(session: Session, study: Study): Promise<void> {
  const wallet = session.wallet();
  for (const { studyId } of standingsWhere(session.getState().standings, study).filter(isOn)) {
    // Several of her studies share one link: the first order ends it for all.
    const standing = await wallet.order(studyId, { kind: 'look' });
    if (isOn(standing)) await wallet.order(studyId, { kind: 'end-link' });
  }
  await session.askHospitals();
}

export async function allowAdding(session: Session, study: Study): Promise<void> {
  const { standings } = session.getState();
  const ended = standingsWhere(standings, study).find(({ link }) => link === 'ended');
  if (ended !== undefined) await session.wallet().leaveKeys(ended.studyId);
  await session.askHospitals();
}

function standingsWhere(standings: readonly SourceStanding[], { id }: Study): readonly SourceStanding[] {
  const own = standings.find(({ studyId }) => toHex(studyId) === id);
  return own === undefined ? [] : standings.filter(({ source }) => toHex(source) === toHex(own.source));
}

function isOn({ link }: SourceStanding): boolean {
  return link === 'active' || link === 'paused';
}
