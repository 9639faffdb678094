import { isSeeing } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';
import { PersonRow } from '../parts/person-row.js';

/** One study: share it, see who can see it, see who looked. */
export function StudyScreen(props: { readonly studyId: string }) {
  const { texts, state, navigation } = useApp();
  const study = state.shelf?.studies.find(({ id }) => id === props.studyId);
  if (study === undefined) return <p>{texts.frame.working}</p>;
  const people = (state.shelf?.people ?? []).filter(({ shares }) =>
    shares.some((share) => share.study.id === study.id && isSeeing(share)),
  );
  const said = { 'being-sealed': texts.study.beingSealed, ready: texts.study.ready, gone: texts.study.gone }[
    study.state
  ];
  return (
    <>
      <Heading>
        <bdi>{study.label ?? texts.study.unnamed}</bdi>
      </Heading>
      <p className="lead">
        {study.hospital !== undefined && <bdi>{study.hospital}</bdi>}{' '}
        <span className={`state ${study.state}`}>{said}</span>
      </p>
      {study.state === 'gone' && <p className="note">{texts.study.goneText}</p>}
      {study.state === 'ready' && <Button onPress={() => navigation.go({ name: 'share' })}>{texts.study.share}</Button>}
      <Button kind="quiet" onPress={() => navigation.go({ name: 'who-looked', studyId: study.id })}>
        {texts.study.whoLooked}
      </Button>
      <section>
        <h2>{texts.study.whoCanSee}</h2>
        {people.length === 0 && <p>{texts.study.nobody}</p>}
        <ul className="rows">
          {people.map((person) => (
            <li key={person.id}>
              <PersonRow person={person} />
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
