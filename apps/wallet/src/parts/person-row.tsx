import { isSeeing, type Person } from '../model/shelf.js';
import { useApp } from './app-context.js';
import { WhatUntil } from './study-name.js';

/** One person who can see something: a press leads to what exactly, and to the way to stop it. */
export function PersonRow(props: { readonly person: Person }) {
  const { person } = props;
  const { texts, navigation } = useApp();
  const seen = person.shares.filter(isSeeing);
  const lastMs = Math.max(...seen.map(({ untilMs }) => untilMs));
  return (
    <button type="button" className="person" onClick={() => navigation.go({ name: 'person', personId: person.id })}>
      <strong>
        <bdi>{person.name ?? texts.person.unnamed}</bdi>
      </strong>
      {person.address !== undefined && <span>{person.address}</span>}
      <WhatUntil studies={seen.map(({ study }) => study)} untilMs={lastMs} />
    </button>
  );
}
