import { useState } from 'react';
import { isSeeing, type Person, type Study } from '../model/shelf.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';
import { PersonRow } from '../parts/person-row.js';
import { Seal } from '../parts/seal.js';

/** Her images, and who can see them. */
export function Home() {
  const { texts, dates, state, navigation } = useApp();
  const { shelf, isStale } = state;
  if (state.phase === 'new') return <Empty />;
  if (shelf === undefined && !isStale) return <p>{texts.frame.working}</p>;
  if (shelf === undefined || shelf.studies.length === 0) return <Empty />;
  const seeing = shelf.people.filter(({ shares }) => shares.some(isSeeing));
  return (
    <>
      <Heading>{texts.home.title}</Heading>
      {isStale && <p className="note">{texts.frame.asOf(dates.moment(shelf.asOfMs))}</p>}
      <ul className="cards">
        {shelf.studies.map((study) => (
          <li key={study.id}>
            <StudyCard study={study} />
          </li>
        ))}
      </ul>
      <People people={seeing} />
      <Button kind="quiet" onPress={() => navigation.go({ name: 'who-looked' })}>
        {texts.home.whoLooked}
      </Button>
      {shelf.people.length > 0 && state.wrappers.length < 2 && <SheetNudge />}
    </>
  );
}

function Empty() {
  const { texts, navigation } = useApp();
  return (
    <>
      <Heading>{texts.empty.title}</Heading>
      <p className="lead">{texts.empty.text}</p>
      <Button kind="quiet" onPress={() => navigation.go({ name: 'link' })}>
        {texts.empty.paste}
      </Button>
    </>
  );
}

function StudyCard(props: { readonly study: Study }) {
  const { study } = props;
  const { texts, navigation } = useApp();
  const label = study.label ?? texts.study.unnamed;
  const said = { 'being-sealed': texts.study.beingSealed, ready: texts.study.ready, gone: texts.study.gone }[
    study.state
  ];
  return (
    <article className="card">
      <Seal state={study.state} />
      <div>
        <h2>
          <bdi>{label}</bdi>
        </h2>
        <p>{study.hospital !== undefined && <bdi>{study.hospital}</bdi>}</p>
        <p className={`state ${study.state}`}>{said}</p>
      </div>
      <button
        type="button"
        className="cover"
        aria-label={texts.study.details(label)}
        onClick={() => navigation.go({ name: 'study', studyId: study.id })}
      />
    </article>
  );
}

function People(props: { readonly people: readonly Person[] }) {
  const { people } = props;
  const { texts } = useApp();
  return (
    <section>
      <h2>{people.length === 0 ? texts.home.nobody : texts.home.canSee(people.length)}</h2>
      <ul className="rows">
        {people.map((person) => (
          <li key={person.id}>
            <PersonRow person={person} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** After the first share, until there are two ways back. */
function SheetNudge() {
  const { texts, navigation } = useApp();
  const [isLater, setLater] = useState(false);
  if (isLater) return null;
  return (
    <section className="nudge">
      <h2>{texts.home.sheetTitle}</h2>
      <p>{texts.home.sheetText}</p>
      <div className="pair">
        <Button kind="quiet" onPress={() => navigation.go({ name: 'sheet' })}>
          {texts.home.sheetOpen}
        </Button>
        <Button kind="quiet" onPress={() => setLater(true)}>
          {texts.home.later}
        </Button>
      </div>
    </section>
  );
}
