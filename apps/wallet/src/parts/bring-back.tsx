import { type ReactNode, useState } from 'react';
import type { BroughtWords } from '../model/profiles.js';
import { useApp } from './app-context.js';
import { Confirm } from './confirm.js';
import { Heading } from './heading.js';

/** What the ways to bring images back have in common. `forName`: those of somebody she looks after, beside her own. */
export function BringBack(props: {
  readonly title: string;
  readonly text: string;
  readonly forName: string | undefined;
  /** What the fields give. */
  readonly find: () => Promise<BroughtWords>;
  readonly children: ReactNode;
}) {
  const { title, text, forName, find } = props;
  const { texts, state, session, navigation } = useApp();
  const [isLooking, setLooking] = useState(false);
  if (forName === undefined && state.phase !== 'new' && !isLooking) {
    return (
      <>
        <Heading>{title}</Heading>
        <p className="lead">{texts.restore.already}</p>
      </>
    );
  }
  return (
    <>
      <Heading>{title}</Heading>
      <p className="lead">{text}</p>
      {props.children}
      <Confirm
        onConfirmed={async (how) => {
          const found = await find();
          setLooking(true);
          try {
            await (forName === undefined ? session.restore(found, how) : session.addProfile(forName, found));
          } finally {
            setLooking(false);
          }
          navigation.home();
        }}
      >
        {texts.restore.go}
      </Confirm>
      <p className="note">{texts.restore.told}</p>
      {isLooking && <p role="status">{texts.restore.looking}</p>}
    </>
  );
}
