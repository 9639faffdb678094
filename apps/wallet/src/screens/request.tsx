import type { SignedImageRequest } from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { createConsentReceipt } from '@radledger/wallet';
import { useEffect, useState } from 'react';
import { consentText, proofLines } from '../model/consent-text.js';
import { offeredEnd } from '../model/dates.js';
import { knownLike } from '../model/known-names.js';
import type { Origin } from '../model/session.js';
import { hostOf, type Study } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Confirm } from '../parts/confirm.js';
import { EndDate } from '../parts/end-date.js';
import { Heading } from '../parts/heading.js';
import { ProfileSwitcher } from '../parts/profile-switcher.js';
import { StudyName } from '../parts/study-name.js';

/** F2: somebody asks for images. Everything said of the request is read from the bytes that the permission will answer. */
export function RequestScreen(props: { readonly request: SignedImageRequest }) {
  const { request } = props;
  const { texts, state, session, navigation } = useApp();
  const [origin, setOrigin] = useState<Origin>();
  const isOpen = state.phase === 'open';
  const known = origin && state.shelf && knownLike(state.shelf, request.recipientKey, origin);
  useEffect(() => {
    if (isOpen) void session.originOf(request).then(setOrigin);
  }, [session, request, isOpen]);
  return (
    <>
      <Heading key={state.phase}>
        {texts.request.title(request.displayName || (origin?.who ?? hostOf(request.gatewayApi)))}
      </Heading>
      {origin !== undefined &&
        proofLines(texts, origin, known).map((line, index) => (
          <p key={line} className={`badge ${index === 0 ? origin.proof : 'none'}`}>
            {line}
          </p>
        ))}
      <ProfileSwitcher />
      <dl>
        <dt>{texts.request.reason}</dt>
        <dd>
          <bdi>{request.reason}</bdi>
        </dd>
      </dl>
      {isOpen && origin === undefined && <p role="status">{texts.request.checking}</p>}
      {isOpen && origin !== undefined && (
        <AllowForm key={state.profileId} request={request} origin={origin} known={known} />
      )}
      {state.phase === 'new' && <p className="note">{texts.request.noneReady}</p>}
      {state.phase === 'locked' && (
        <Confirm
          onConfirmed={async (how) => {
            await session.open(how);
            await session.refresh();
          }}
        >
          {texts.locked.open}
        </Confirm>
      )}
      <Button kind="quiet" onPress={navigation.home}>
        {texts.request.notNow}
      </Button>
    </>
  );
}

function AllowForm(props: {
  readonly request: SignedImageRequest;
  readonly origin: Origin;
  readonly known: string | undefined;
}) {
  const { request, origin, known } = props;
  const { texts, dates, state, session, navigation } = useApp();
  const ready = (state.shelf?.studies ?? []).filter((study) => study.state === 'ready');
  const [unpicked, setUnpicked] = useState<ReadonlySet<string>>();
  const [wantedMs, setWantedMs] = useState<number | undefined>(() => offeredEnd(request.wantedUntilMs, Date.now()));
  const [problem, setProblem] = useState<string>();
  // The newest is offered; what else she has, she adds herself.
  const isPicked = ({ id }: Study): boolean => (unpicked === undefined ? id === ready[0]?.id : !unpicked.has(id));
  const pick = (study: Study, picked: boolean): void => {
    const others = ready.filter((other) => other !== study && !isPicked(other)).map(({ id }) => id);
    setUnpicked(new Set(picked ? others : [...others, study.id]));
  };
  const studies = ready.filter(isPicked);
  // Whoever acts for somebody lets nobody in for longer than that.
  const ends = studies.flatMap(({ actsFor }) => (actsFor === undefined ? [] : [actsFor.untilMs]));
  const endMs = wantedMs && Math.min(wantedMs, ...ends);
  const missing = (): string | undefined => {
    if (studies.length === 0) return texts.request.pickOne;
    return endMs === undefined || endMs <= Date.now() ? texts.request.pickDate : undefined;
  };
  const isReady = (): boolean => {
    setProblem(missing());
    return missing() === undefined;
  };
  const allow = async (): Promise<void> => {
    if (endMs === undefined) return;
    const shownAtMs = Date.now();
    const receiptFor = (study: Study): Uint8Array =>
      createConsentReceipt({
        shownAtMs,
        language: texts.locale,
        text: consentText({ texts, study, origin, known, reason: request.reason, until: dates.day(endMs) }),
      });
    await session.allow({ request, origin, studies, notAfterMs: endMs, receiptFor });
    navigation.replace({ name: 'allowed', personId: toHex(request.recipientKey), studies, untilMs: endMs });
  };
  if (ready.length === 0) return <p className="note">{texts.request.noneReady}</p>;
  return (
    <>
      <fieldset>
        <legend>{texts.request.which}</legend>
        {ready.map((study) => (
          <label className="pick" key={study.id}>
            <input type="checkbox" checked={isPicked(study)} onChange={(event) => pick(study, event.target.checked)} />
            <StudyName study={study} />
          </label>
        ))}
      </fieldset>
      <EndDate endMs={endMs} onEnd={setWantedMs} />
      {endMs !== undefined && endMs !== wantedMs && <p className="note">{texts.roles.limit(dates.day(endMs))}</p>}
      <p className="note">
        {texts.request.endNote} {texts.request.copies}
      </p>
      {problem !== undefined && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <Confirm again isReady={isReady} onConfirmed={allow}>
        {texts.request.allow}
      </Confirm>
    </>
  );
}
