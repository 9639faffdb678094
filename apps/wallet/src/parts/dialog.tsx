import { type ReactNode, useEffect, useId, useRef } from 'react';

/** A question that must be answered first. The browser's own dialog keeps the focus inside and lets Escape close it. */
export function Dialog(props: { readonly title: string; readonly children: ReactNode; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={props.onClose}>
      <h2 id={titleId}>{props.title}</h2>
      {props.children}
    </dialog>
  );
}
