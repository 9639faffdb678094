import { useState } from 'react';
import { endActing } from '../model/roles.js';
import { actingIn, canEnd, canStop, type Chosen, type Person } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { ForWhom } from '../parts/for-whom.js';
import { Heading } from '../parts/heading.js';
import { Question } from '../parts/question.js';
import { WhatUntil } from '../parts/study-name.js';

/** F4 from wherever she is: everybody who can see something or acts for her, each with the end of it, and the end of all. */
export function StopScreen() {
  const { texts, state, session, navigation, fail } = useApp();
  const [person, setPerson] = useState<Person>();
  const [acting, setActing] = useState<Chosen>();
  const people = (state.shelf?.people ?? []).filter(({ shares }) => shares.some(canStop));
  const all = state.shelf === undefined ? [] : actingIn(state.shelf).filter(({ studies }) => studies.some(canEnd));
  const stop = ({ id, shares }: Person): void => {
    session.stop(shares.filter(canStop)).catch((error: unknown) => fail(error));
    navigation.replace({ name: 'person', personId: id });
  };
  const end = ({ id, studies }: Chosen): void => {
    const ending = studies.filter(canEnd).map(({ study }) => study);
    endActing(session, ending).catch((error: unknown) => fail(error));
    navigation.replace({ name: 'chosen', studyId: id });
  };
  const nameOf = ({ name }: Chosen): string => name ?? texts.roles.unnamed;
  return (
    <>
      <Heading>{texts.stop.title}</Heading>
      <ForWhom />
      {people.length + all.length === 0 && <p className="lead">{texts.home.nobody}</p>}
      <ul className="rows plain">
        {people.map((one) => (
          <li key={one.id}>
            <Button kind="stop" onPress={() => setPerson(one)}>
              {texts.stop.one(one.name ?? texts.person.unnamed)}
            </Button>
            {one.address !== undefined && <span>{one.address}</span>}
            <WhatUntil
              studies={one.shares.filter(canStop).map(({ study }) => study)}
              untilMs={Math.max(...one.shares.filter(canStop).map(({ untilMs }) => untilMs))}
            />
          </li>
        ))}
        {all.map((one) => (
          <li key={one.id}>
            <Button kind="stop" onPress={() => setActing(one)}>
              {texts.stop.acting(nameOf(one))}
            </Button>
            <WhatUntil studies={one.studies.filter(canEnd).map(({ study }) => study)} untilMs={one.untilMs} />
          </li>
        ))}
      </ul>
      {people.length + all.length > 1 && (
        <Button kind="stop" onPress={() => navigation.go({ name: 'stop-all' })}>
          {texts.stopAll.open}
        </Button>
      )}
      {person !== undefined && (
        <Question
          title={texts.person.ask}
          text={texts.person.warning}
          end={texts.person.stop}
          keep={texts.person.keep}
          onEnd={() => stop(person)}
          onKeep={() => setPerson(undefined)}
        />
      )}
      {acting !== undefined && (
        <Question
          title={texts.roles.endAsk(nameOf(acting))}
          text={texts.roles.endText}
          end={texts.person.stop}
          keep={texts.frame.back}
          onEnd={() => end(acting)}
          onKeep={() => setActing(undefined)}
        />
      )}
    </>
  );
}
