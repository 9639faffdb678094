import { type ReactNode, useEffect, useRef } from 'react';

/** The title of a screen. It takes the focus when the screen comes, so that it is read out and the next Tab starts here. */
export function Heading(props: { readonly children: ReactNode }) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  return (
    <h1 ref={title} tabIndex={-1}>
      {props.children}
    </h1>
  );
}

/** Puts the focus back on the title. */
export function focusTitle(): void {
  document.querySelector('h1')?.focus();
}

/** When what had the focus has gone with a change of `what`, the title gets it. */
export function useFocusKept(what: unknown): void {
  useEffect(() => {
    if (document.activeElement === document.body) focusTitle();
  }, [what]);
}
