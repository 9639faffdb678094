import { useState } from 'react';
import { endActing, findGrants } from '../model/roles.js';
import { canEnd, type Chosen, type Study } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading, useFocusKept } from '../parts/heading.js';
import { Question } from '../parts/question.js';
import { StudyName } from '../parts/study-name.js';

/**
 * Somebody who may act for her, or has images of hers now: how far it is, and the way to end it.
 * @param props.studyId - one of the studies: who else has the same name is somebody else
 */
export function ChosenScreen(props: { readonly studyId: string }) {
  const { texts, dates, state, session, navigation, fail } = useApp();
  const [asked, setAsked] = useState<readonly Study[]>();
  const chosen = state.shelf?.chosen.find(({ studies }) => studies.some(({ study }) => study.id === props.studyId));
  const ending = (chosen?.role === 'delegate' ? chosen.studies : []).filter(canEnd).map(({ study }) => study);
  useFocusKept(ending.length > 0); // the button that asked goes away
  if (chosen === undefined) return <p>{texts.frame.working}</p>;
  const { role } = chosen;
  const who = chosen.name ?? texts.roles.unnamed;
  const isDone = chosen.studies.some((one) => one.state === 'done');
  const isHeld = chosen.studies.some(({ heldUntilMs }) => heldUntilMs !== undefined);
  const close = (): void => setAsked(undefined);
  const end = (studies: readonly Study[]): void => {
    close();
    endActing(session, studies).catch((error: unknown) => fail(error, () => end(studies)));
  };
  const said = ({ state: at, heldUntilMs }: Chosen['studies'][number]): string => {
    switch (at) {
      case 'waiting':
        return heldUntilMs === undefined ? texts.person.sealing : texts.roles.later(dates.time(heldUntilMs));
      case 'refused':
        return texts.person.refused;
      case 'done':
        return role === 'owner' ? texts.study.states['handed-over'] : texts.person.until(dates.day(chosen.untilMs));
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
      {ending.length > 0 && (
        <Button kind="stop" onPress={() => setAsked(ending)}>
          {texts.roles.end}
        </Button>
      )}
      {ending.length > 1 &&
        ending.map((study) => (
          <Button key={study.id} kind="quiet" onPress={() => setAsked([study])}>
            {texts.roles.endOne(study.label ?? texts.study.unnamed)}
          </Button>
        ))}
      {role === 'delegate' && (
        <>
          <p className="note">{texts.roles.findText}</p>
          <Button kind="quiet" onPress={() => findGrants(session)}>
            {texts.roles.find}
          </Button>
        </>
      )}
      <Button onPress={navigation.home}>{texts.allowed.done}</Button>
      {asked !== undefined && (
        <Question
          title={texts.roles.endAsk(who)}
          text={texts.roles.endText}
          end={texts.person.stop}
          keep={texts.frame.back}
          onEnd={() => end(asked)}
          onKeep={close}
        />
      )}
    </>
  );
}
