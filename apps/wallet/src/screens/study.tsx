import { useState } from 'react';
import { addingOf, allowAdding, endAdding } from '../model/adding.js';
import { actingIn, isSeeing } from '../model/shelf.js';
import { EraseWish } from '../parts/erase-wish.js';
import { Erased } from '../parts/erased.js';
import { ActingRows } from '../parts/acting-rows.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';
import { PersonRow } from '../parts/person-row.js';
import { Question } from '../parts/question.js';
import { saidOf, whose } from '../parts/study-name.js';

/** One study: share it, see who can see it, see who looked. */
export function StudyScreen(props: { readonly studyId: string }) {
  const { texts, dates, state, session, navigation } = useApp();
  const [isAsking, setAsking] = useState(false);
  const study = state.shelf?.studies.find(({ id }) => id === props.studyId);
  if (study === undefined) return <p>{texts.frame.working}</p>;
  const people = (state.shelf?.people ?? []).filter(({ shares }) =>
    shares.some((share) => share.study.id === study.id && isSeeing(share)),
  );
  if (study.erasureNote !== undefined) return <Erased study={study} encoded={study.erasureNote} />;
  const tellWrong = async (): Promise<void> => {
    await session.tellWrongPatient(study).finally(() => setAsking(false));
    navigation.home();
  };
  const { actsFor } = study;
  const acting = state.shelf === undefined ? [] : actingIn(state.shelf, study.id);
  const adding = addingOf(state.standings, study);
  const isNobody = people.length === 0 && acting.length === 0 && actsFor === undefined;
  return (
    <>
      <Heading>
        <bdi>{study.label ?? texts.study.unnamed}</bdi>
      </Heading>
      <p className="lead">
        {study.hospital !== undefined && <bdi>{study.hospital}</bdi>}{' '}
        <span className={`state ${study.state}`}>{saidOf(texts, study)}</span>
      </p>
      {study.identity !== undefined && (
        <p className="note">{texts.study.known[study.identity.checkedBy](dates.dayHere(study.identity.checkedAtMs))}</p>
      )}
      {actsFor !== undefined && (
        <p className="badge">
          {whose(texts, study)}. {study.state !== 'gone' && texts.roles.youAct(dates.day(actsFor.untilMs))}
        </p>
      )}
      {study.state === 'gone' && actsFor === undefined && <p className="note">{texts.study.goneText}</p>}
      {study.state === 'handed-over' && <p className="note">{texts.roles.handedText}</p>}
      {study.state === 'ready' && (
        <>
          <Button onPress={() => navigation.go({ name: 'share', study })}>{texts.study.share}</Button>
          <Button kind="quiet" onPress={() => navigation.go({ name: 'view', study })}>
            {texts.study.view}
          </Button>
          <Button kind="quiet" onPress={() => navigation.go({ name: 'copy', study })}>
            {texts.study.copy}
          </Button>
        </>
      )}
      {study.state === 'ready' && actsFor === undefined && (
        <Button kind="quiet" onPress={() => navigation.go({ name: 'offer-role', role: 'delegate', studyId: study.id })}>
          {texts.roles.delegate.offer}
        </Button>
      )}
      <Button kind="quiet" onPress={() => navigation.go({ name: 'who-looked', studyId: study.id })}>
        {texts.study.whoLooked}
      </Button>
      {(people.length > 0 || isNobody) && (
        <section>
          <h2>{texts.study.whoCanSee}</h2>
          {isNobody && <p>{texts.study.nobody}</p>}
          <ul className="rows">
            {people.map((person) => (
              <li key={person.id}>
                <PersonRow person={person} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <ActingRows acting={acting} />
      {adding !== undefined && actsFor === undefined && (
        <section>
          <p className="note">{adding === 'not' ? texts.study.addsNot : texts.study.adds}</p>
          <Button
            kind="quiet"
            onPress={() => (adding === 'not' ? allowAdding(session, study) : endAdding(session, study))}
          >
            {adding === 'not' ? texts.study.addsAgain : texts.study.addsEnd}
          </Button>
        </section>
      )}
      {study.state === 'ready' && actsFor === undefined && (
        <button type="button" className="link" onClick={() => setAsking(true)}>
          {texts.study.wrong}
        </button>
      )}
      {study.state === 'ready' && actsFor === undefined && <EraseWish study={study} />}
      {isAsking && (
        <Question
          title={texts.study.wrongAsk}
          text={texts.study.wrongText}
          end={texts.study.wrongTell}
          keep={texts.frame.back}
          onEnd={tellWrong}
          onKeep={() => setAsking(false)}
        />
      )}
    </>
  );
}
