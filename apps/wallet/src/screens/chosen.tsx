import type { Role } from '@radledger/handover';
import { useState } from 'react';
import { endActing, findGrants } from '../model/roles.js';
import type { Chosen } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Dialog } from '../parts/dialog.js';
import { Heading, useFocusKept } from '../parts/heading.js';
import { StudyName } from '../parts/study-name.js';

/** Somebody who may act for her, or has images of hers now: how far it is, and the way to end it. */
export function ChosenScreen(props: { readonly role: Role; readonly person: string | undefined }) {
  const { role, person } = props;
  const { texts, dates, state, session, navigation, fail } = useApp();
  const [isAsking, setAsking] = useState(false);
  const chosen = state.shelf?.chosen.find((other) => other.role === role && other.name === person);
  const ending = (chosen?.studies ?? []).filter((one) => one.state === 'waiting' || one.state === 'done');
  const canEnd = role === 'delegate' && ending.length > 0;
  useFocusKept(canEnd); // the button that asked goes away
  if (chosen === undefined) return <p>{texts.frame.working}</p>;
  const who = person ?? texts.roles.unnamed;
  const isDone = chosen.studies.some((one) => one.state === 'done');
  const isHeld = chosen.studies.some(({ heldUntilMs }) => heldUntilMs !== undefined);
  const end = (): void => {
    setAsking(false);
    endActing(
      session,
      ending.map(({ study }) => study),
    ).catch((error: unknown) => fail(error, end));
  };
  const said = ({ state: at, untilMs, heldUntilMs }: Chosen['studies'][number]): string => {
    switch (at) {
      case 'waiting':
        return heldUntilMs === undefined ? texts.person.sealing : texts.roles.later(dates.time(heldUntilMs));
      case 'refused':
        return texts.person.refused;
      case 'done':
        return role === 'owner' ? texts.study.states['handed-over'] : texts.person.until(dates.day(untilMs));
      case 'ending':
        return texts.person.stopping;
      case 'ended':
        return texts.person.ended;
    }
  };
  return (
    <>
      <Heading>{isDone ? texts.roles[role].done(who) : who}</Heading>
      <ul className="rows plain" aria-live="polite">
        {chosen.studies.map((one) => (
          <li key={one.study.id}>
            <StudyName study={one.study} />
            <span>{said(one)}</span>
          </li>
        ))}
      </ul>
      {isHeld && (
        <>
          <p className="note">{texts.allowed.laterText}</p>
          <Button kind="quiet" onPress={() => session.sendNow()}>
            {texts.allowed.sendNow}
          </Button>
        </>
      )}
      {canEnd && (
        <Button kind="stop" onPress={() => setAsking(true)}>
          {texts.roles.end}
        </Button>
      )}
      {role === 'delegate' && (
        <>
          <p className="note">{texts.roles.findText}</p>
          <Button kind="quiet" onPress={() => findGrants(session)}>
            {texts.roles.find}
          </Button>
        </>
      )}
      <Button onPress={navigation.home}>{texts.allowed.done}</Button>
      {isAsking && (
        <Dialog title={texts.roles.endAsk(who)} onClose={() => setAsking(false)}>
          <p>{texts.roles.endText}</p>
          <div className="pair">
            <Button kind="stop" onPress={end}>
              {texts.person.stop}
            </Button>
            <Button kind="quiet" onPress={() => setAsking(false)}>
              {texts.frame.back}
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
