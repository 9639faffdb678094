import type { Chosen } from '../model/shelf.js';
import { useApp } from './app-context.js';

/** Who may act for her: a press leads to what exactly, and to the way to end it. */
export function ActingRows(props: { readonly acting: readonly Chosen[] }) {
  const { texts, dates, navigation } = useApp();
  if (props.acting.length === 0) return null;
  return (
    <section>
      <h2>{texts.roles.mayAct}</h2>
      <ul className="rows">
        {props.acting.map(({ role, name, studies }) => (
          <li key={name}>
            <button
              type="button"
              className="person"
              onClick={() => navigation.go({ name: 'chosen', role, person: name })}
            >
              <strong>
                <bdi>{name ?? texts.roles.unnamed}</bdi>
              </strong>
              <span>{texts.person.until(dates.day(Math.max(...studies.map(({ untilMs }) => untilMs))))}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
