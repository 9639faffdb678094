import { type ReactNode, useState } from 'react';
import { useApp } from './app-context.js';
import { Confirm } from './confirm.js';
import { Heading } from './heading.js';

/** What whoever looks at the phone could use to open her images: shown when she confirmed lately that it is her, or does so now. */
export function Confirmed(props: { readonly title: string; readonly children: ReactNode }) {
  const { texts, session } = useApp();
  const [isShown, setShown] = useState(() => session.isConfirmed());
  if (isShown) return props.children;
  return (
    <>
      <Heading>{props.title}</Heading>
      <p className="lead">{texts.confirm.text}</p>
      <Confirm again onConfirmed={() => setShown(true)}>
        {texts.confirm.go}
      </Confirm>
    </>
  );
}
