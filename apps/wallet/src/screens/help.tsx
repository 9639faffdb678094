import type { Contact } from '@radledger/wallet';
import { useEffect, useState } from 'react';
import type { Dates } from '../model/dates.js';
import { type PastTrouble, TROUBLES } from '../model/trouble.js';
import { Heading } from '../parts/heading.js';
import type { Texts } from '../texts/index.js';

/** Whom to ask, what to say, and what to tell nobody. Needs nothing but the texts: it is there when all else failed. */
export function Help(props: {
  readonly texts: Texts;
  readonly dates: Dates;
  readonly last: PastTrouble | undefined;
  /** Asks her hospitals how they are reached; never fails. */
  readonly contacts?: () => Promise<readonly Contact[]>;
}) {
  const { texts, dates, last } = props;
  const { help, troubles } = texts;
  return (
    <>
      <Heading>{help.title}</Heading>
      <p className="lead">{help.text}</p>
      {props.contacts !== undefined && <Contacts ask={props.contacts} />}
      {last === undefined ? (
        <p className="note">{help.noCode}</p>
      ) : (
        <dl>
          <dt>{help.code(dates.time(last.atMs))}</dt>
          <dd className="code">{TROUBLES[last.trouble].helpCode}</dd>
          <dd>{troubles[last.trouble].title}</dd>
        </dl>
      )}
      <p>{help.never}</p>
      <p>{help.wrongPatient}</p>
    </>
  );
}

function Contacts(props: { readonly ask: () => Promise<readonly Contact[]> }) {
  const { ask } = props;
  const [contacts, setContacts] = useState<readonly Contact[]>([]);
  useEffect(() => {
    let isShown = true;
    void ask().then((told) => isShown && setContacts(told));
    return () => {
      isShown = false;
    };
  }, [ask]);
  if (contacts.length === 0) return null;
  return (
    <ul className="rows plain">
      {contacts.map(({ name, contact }) => (
        <li key={name}>
          <strong>
            <bdi>{name}</bdi>
          </strong>
          {contact !== undefined && <bdi>{contact}</bdi>}
        </li>
      ))}
    </ul>
  );
}
