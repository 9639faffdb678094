import { type Trouble, TROUBLES } from '../model/trouble.js';
import { Heading } from '../parts/heading.js';
import type { Texts } from '../texts/index.js';

/** Whom to ask, what to say, and what to tell nobody. Needs nothing but the texts: it is there when all else failed. */
export function Help(props: { readonly texts: Texts; readonly trouble: Trouble | undefined }) {
  const { help, troubles } = props.texts;
  const { trouble } = props;
  return (
    <>
      <Heading>{help.title}</Heading>
      <p className="lead">{help.text}</p>
      {trouble === undefined ? (
        <p className="note">{help.noCode}</p>
      ) : (
        <dl>
          <dt>{help.code}</dt>
          <dd className="code">{TROUBLES[trouble].helpCode}</dd>
          <dd>{troubles[trouble].title}</dd>
        </dl>
      )}
      <p>{help.never}</p>
      <p>{help.wrongPatient}</p>
    </>
  );
}
