import { isSeeing, type Person } from '../model/shelf.js';
import { useApp } from './app-context.js';

/** One person who can see something: a press leads to what exactly, and to the way to stop it. */
export function PersonRow(props: { readonly person: Person }) {
  const { person } = props;
  const { texts, dates, navigation } = useApp();
  const seen = person.shares.filter(isSeeing);
  const labels = seen.map(({ study }) => study.label ?? texts.study.unnamed);
  const lastMs = Math.max(...seen.map(({ untilMs }) => untilMs));
  return (
    <button type="button" className="person" onClick={() => navigation.go({ name: 'person', personId: person.id })}>
      <strong>
        <bdi>{person.name ?? texts.person.unnamed}</bdi>
      </strong>
      {person.address !== undefined && <span>{person.address}</span>}
      <span>
        <bdi>{new Intl.ListFormat(texts.locale).format(labels)}</bdi>, {texts.person.until(dates.day(lastMs))}
      </span>
    </button>
  );
}
