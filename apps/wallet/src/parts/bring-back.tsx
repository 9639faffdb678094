import { type ReactNode, useState } from 'react';
import type { Confirmation } from '../model/confirmation.js';
import type { BroughtWords } from '../model/profiles.js';
import { useApp } from './app-context.js';
import { AlreadyOpen } from './already-open.js';
import { ConfirmOrReplace } from './confirm-or-replace.js';
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
  const isAlready = forName === undefined && state.phase === 'open' && !isLooking;
  if (isAlready) return <AlreadyOpen title={title} />;
  const bringBack = async (how: Confirmation, replace = false): Promise<void> => {
    const found = await find();
    setLooking(true);
    try {
      await (forName === undefined ? session.restore(found, how, { replace }) : session.addProfile(forName, found));
    } finally {
      setLooking(false);
    }
    navigation.home();
  };
  return (
    <>
      <Heading>{title}</Heading>
      <p className="lead">{text}</p>
      {props.children}
      <ConfirmOrReplace bringBack={bringBack}>{texts.restore.go}</ConfirmOrReplace>
      <p className="note">{texts.restore.told}</p>
      {isLooking && <p role="status">{texts.restore.looking}</p>}
    </>
  );
}
