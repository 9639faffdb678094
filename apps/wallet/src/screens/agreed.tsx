import { agreementsOf } from '../model/agreements.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { ForWhom } from '../parts/for-whom.js';
import { Heading } from '../parts/heading.js';

/** B13: what she agreed to with one person, to be read again and printed. */
export function Agreed(props: { readonly personId: string }) {
  const { texts, dates, state } = useApp();
  const person = state.shelf?.people.find(({ id }) => id === props.personId);
  if (person === undefined) return <p>{texts.frame.working}</p>;
  return (
    <>
      <Heading>{texts.agreed.title}</Heading>
      <ForWhom />
      <p>
        <bdi>{person.name ?? texts.person.unnamed}</bdi>
      </p>
      <p className="lead">{texts.agreed.text}</p>
      {agreementsOf(person).map(({ share, shownAtMs, language, text }) => (
        <section key={`${share.study.id}/${shownAtMs}`}>
          <h2>
            <bdi>{share.study.label ?? texts.study.unnamed}</bdi>
          </h2>
          <p className="note">{texts.agreed.shown(dates.moment(shownAtMs))}</p>
          <p className="word-for-word" lang={language} dir="auto">
            {text}
          </p>
        </section>
      ))}
      <Button onPress={() => window.print()}>{texts.agreed.print}</Button>
    </>
  );
}
