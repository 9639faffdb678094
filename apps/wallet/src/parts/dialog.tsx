import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';

/**
 * A question that must be answered first. The browser's own dialog keeps the focus inside, lets Escape close it, and gives the focus back.
 * Escape is answered when it is pressed: the browser tells of a closed dialog a moment later, and a press in between would be lost.
 */
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
    <dialog ref={dialog} aria-labelledby={titleId} onCancel={props.onClose} onClose={props.onClose}>
      <h2 id={titleId}>{props.title}</h2>
      {props.children}
    </dialog>
  );
}
