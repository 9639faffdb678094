import { useState } from 'react';
import { canStop, isSeeing, type Share } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading, useFocusKept } from '../parts/heading.js';
import { Question } from '../parts/question.js';

/** F4: what one person can see, and the end of it. */
export function PersonScreen(props: { readonly personId: string }) {
  const { texts, state, session, navigation, fail } = useApp();
  const [stopping, setStopping] = useState<readonly Share[]>();
  const person = state.shelf?.people.find(({ id }) => id === props.personId);
  useFocusKept(person?.shares.some(canStop)); // the button that asked goes away
  if (person === undefined) return <p>{texts.frame.working}</p>;
  const seeing = person.shares.filter(isSeeing);
  const live = person.shares.filter(canStop);
  const refused = person.shares.filter(({ state: at }) => at === 'refused');
  const earlier = person.shares.filter((share) => !isSeeing(share));
  const close = (): void => setStopping(undefined);
  const stop = (shares: readonly Share[]): void => {
    close();
    session.stop(shares).catch((error: unknown) => fail(error, () => stop(shares)));
  };
  return (
    <>
      <Heading>
        <bdi>{person.name ?? texts.person.unnamed}</bdi>
      </Heading>
      {person.address !== undefined && <p className="lead">{person.address}</p>}
      {person.reason !== undefined && <p className="lead">{texts.person.reason(person.reason)}</p>}
      {person.name === undefined && <p className="note">{texts.person.unnamedText}</p>}
      <Shares title={texts.person.sees} shares={seeing} />
      {live.length > 0 && (
        <Button kind="stop" onPress={() => setStopping(live)}>
          {texts.person.stopAll}
        </Button>
      )}
      {live.length > 1 &&
        live.map((share) => (
          <Button key={share.study.id} kind="quiet" onPress={() => setStopping([share])}>
            {texts.person.stopOne(share.study.label ?? texts.study.unnamed)}
          </Button>
        ))}
      <Shares title={texts.person.saw} shares={earlier} />
      {person.shares.some(({ receipt }) => receipt !== undefined) && (
        <Button kind="quiet" onPress={() => navigation.go({ name: 'agreed', personId: person.id })}>
          {texts.agreed.title}
        </Button>
      )}
      {refused.length > 0 && (
        <>
          <p className="note">{texts.person.refusedText}</p>
          <Button
            kind="quiet"
            onPress={async () => {
              await session.dismiss(refused);
              navigation.home();
            }}
          >
            {texts.person.refusedSeen}
          </Button>
        </>
      )}
      {stopping !== undefined && (
        <Question
          title={texts.person.ask}
          text={texts.person.warning}
          end={texts.person.stop}
          keep={texts.person.keep}
          onEnd={() => stop(stopping)}
          onKeep={close}
        />
      )}
    </>
  );
}

function Shares(props: { readonly title: string; readonly shares: readonly Share[] }) {
  const { texts, dates } = useApp();
  if (props.shares.length === 0) return null;
  const said = (share: Share): string => {
    switch (share.state) {
      case 'waiting':
        return texts.person.sealing;
      case 'refused':
        return texts.person.refused;
      case 'live':
        return texts.person.until(dates.day(share.untilMs));
      case 'stopping':
        return texts.person.stopping;
      case 'stopped':
        return share.stoppedAtMs === undefined
          ? texts.person.stopped
          : texts.person.stoppedAt(dates.moment(share.stoppedAtMs));
      case 'ended':
        return texts.person.ended;
    }
  };
  return (
    <section aria-live="polite">
      <h2>{props.title}</h2>
      <ul className="rows plain">
        {props.shares.map((share) => (
          <li key={`${share.study.id}/${share.untilMs}/${share.state}`}>
            <strong>
              <bdi>{share.study.label ?? texts.study.unnamed}</bdi>
            </strong>
            <span>{said(share)}</span>
            {share.state === 'live' && !share.noticeDelivered && <span className="note">{texts.person.waiting}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
