import { type Chosen, isActing } from '../model/shelf.js';
import { useApp } from './app-context.js';
import { WhatUntil } from './study-name.js';

/** Who may act for her: a press leads to what exactly, and to the way to end it. */
export function ActingRows(props: { readonly acting: readonly Chosen[] }) {
  const { texts, navigation } = useApp();
  if (props.acting.length === 0) return null;
  return (
    <section>
      <h2>{texts.roles.mayAct}</h2>
      <ul className="rows">
        {props.acting.map(({ id, name, untilMs, studies }) => (
          <li key={id}>
            <button type="button" className="person" onClick={() => navigation.go({ name: 'chosen', studyId: id })}>
              <strong>
                <bdi>{name ?? texts.roles.unnamed}</bdi>
              </strong>
              <WhatUntil studies={studies.filter(isActing).map(({ study }) => study)} untilMs={untilMs} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
