import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';

/** A question that must be answered first. The browser's own dialog keeps the focus inside, lets Escape close it, and gives the focus back. */
export function Dialog(props: { readonly title: string; readonly children: ReactNode; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Closed while it is still there: afterwards nobody would give the focus back.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={props.onClose}>
      <h2 id={titleId}>{props.title}</h2>
      {props.children}
    </dialog>
  );
}
