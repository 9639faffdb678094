import type { Study } from '../model/shelf.js';

/** The mark of a study: a ring that closes while it is being sealed, with a tick when it is ready. Says nothing that the text beside it does not. */
export function Seal(props: { readonly state: Study['state'] }) {
  return (
    <svg className={`seal ${props.state}`} viewBox="0 0 40 40" aria-hidden="true" focusable="false">
      <circle cx="20" cy="20" r="16" />
      {props.state === 'ready' && <path d="M13 20.5l5 5 9.5-10.5" />}
      {['gone', 'erased', 'handed-over'].includes(props.state) && <path d="M13 20h14" />}
    </svg>
  );
}
