import { isRefusal } from '@radledger/client';
import type { Invitation } from '@radledger/handover';
import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import type { Confirmation } from '../model/confirmation.js';
import { isLookAlike } from '../model/look-alike.js';
import type { ClaimedStudy } from '../model/session.js';
import { type Trouble, TROUBLES, troubleOf } from '../model/trouble.js';
import { useApp } from '../parts/app-context.js';
import { Confirm } from '../parts/confirm.js';
import { Field } from '../parts/field.js';
import { Heading } from '../parts/heading.js';
import { ProfileSwitcher } from '../parts/profile-switcher.js';

const NewLink = lazy(async () => ({ default: (await import('../parts/new-link.js')).NewLink }));

/** What only another link helps. */
const ENDED: readonly Trouble[] = ['linkExpired', 'linkClosed', 'linkTaken'];

/** F1: from an invitation to the first card, with one field and one press. */
export function InvitationScreen(props: { readonly invitation: Invitation }) {
  const { invitation } = props;
  const { texts, dates, state, session, navigation } = useApp();
  const [code, setCode] = useState('');
  const [problem, setProblem] = useState<string>();
  /** From when on the link works, where that is told. */
  const [fromMs, setFromMs] = useState<number>();
  const [ended, setEnded] = useState<Trouble>();
  const [hospital, setHospital] = useState<string>();
  useEffect(() => {
    // A name that does not come keeps nobody from opening her images.
    session.nameOf(invitation.source).then(setHospital, () => undefined);
  }, [session, invitation]);

  // What this phone has is shown without asking the hospital, which says of every link that was used that somebody has it.
  const { replace } = navigation;
  const showKnown = useCallback(
    ({ profileId, studyId }: ClaimedStudy): void => {
      void session.switchTo(profileId);
      replace({ name: 'study', studyId });
    },
    [session, replace],
  );
  const [isKnownAtFirst] = useState(() => session.studyOf(invitation) !== undefined);
  useEffect(() => {
    const found = isKnownAtFirst ? session.studyOf(invitation) : undefined;
    if (found !== undefined) showKnown(found);
  }, [isKnownAtFirst, session, invitation, showKnown]);
  if (isKnownAtFirst) return <p>{texts.frame.working}</p>;

  const isWhole = (): boolean => {
    setProblem(code.length === 6 ? undefined : texts.invitation.short);
    return code.length === 6;
  };
  const claim = async (how: Confirmation): Promise<void> => {
    const isFirst = session.getState().phase !== 'open';
    await session.open(how);
    const found = session.studyOf(invitation);
    if (found !== undefined) return showKnown(found);
    // Whose they are is known only to her.
    if (isFirst && session.getState().profiles.length > 1) return;
    if (!isWhole()) return;
    try {
      await session.claim(invitation, code);
    } catch (error) {
      if (isRefusal(error, 'WRONG_CODE')) {
        const left = error.info.triesLeft ?? 0;
        setProblem(left === 0 ? texts.invitation.lastWrong : texts.invitation.wrong(left));
      }
      if (isRefusal(error, 'NOT_YET')) setFromMs(error.info.availableAtMs);
      setEnded(troubleOf(error, navigator.onLine));
      throw error;
    }
    navigation.home();
  };
  return (
    <>
      <Heading>{hospital === undefined ? texts.invitation.titleUnnamed : texts.invitation.title(hospital)}</Heading>
      {hospital !== undefined && isLookAlike(hospital) && (
        <p className="badge listed">{texts.request.proofs.listed(hospital)}</p>
      )}
      <ProfileSwitcher />
      <p className="lead">{texts.invitation.text}</p>
      {fromMs !== undefined && (
        <p className="nudge" role="status">
          {texts.invitation.notYet(dates.moment(fromMs))}
        </p>
      )}
      <Field
        className="digits"
        label={texts.invitation.code}
        inputMode="numeric"
        autoComplete="one-time-code"
        value={code}
        onText={(text) => setCode(text.replace(/\D/g, '').slice(0, 6))}
        problem={problem}
      />
      <Confirm isReady={() => state.phase === 'locked' || isWhole()} onConfirmed={claim}>
        {texts.invitation.open}
      </Confirm>
      {state.phase === 'locked' && <p className="note">{texts.invitation.again}</p>}
      {ended !== undefined && ENDED.includes(ended) && (
        <Suspense>
          <NewLink invitation={invitation} hospital={hospital} helpCode={TROUBLES[ended].helpCode} />
        </Suspense>
      )}
      {state.phase === 'new' && state.confirmsBy === 'passkey' && <p className="note">{texts.invitation.confirm}</p>}
    </>
  );
}
