import type { Invitation } from '@radledger/handover';
import { useState } from 'react';
import { useApp } from './app-context.js';
import { Button } from './button.js';

/** A link has ended: her hospital is asked for another where it knows her; else she is told exactly whom to ask, and what to say. */
export function NewLink(props: {
  readonly invitation: Invitation;
  readonly hospital: string | undefined;
  readonly helpCode: string;
}) {
  const { invitation, hospital, helpCode } = props;
  const { texts, session } = useApp();
  const [asked, setAsked] = useState<Awaited<ReturnType<typeof session.askForLink>>>();
  const who = hospital ?? texts.study.unnamedHospital;
  if (asked === undefined) {
    const ask = async (): Promise<void> => setAsked(await session.askForLink(invitation, texts.newLink.message));
    return <Button onPress={ask}>{texts.newLink.ask}</Button>;
  }
  return (
    <section className="nudge" role="status">
      {asked.isTold ? (
        <p>{texts.newLink.told(who)}</p>
      ) : (
        <>
          <h2>{texts.newLink.title(who)}</h2>
          {asked.contact !== undefined && (
            <p>
              {texts.newLink.contact} <bdi>{asked.contact}</bdi>
            </p>
          )}
          <p>{texts.newLink.say(helpCode)}</p>
        </>
      )}
    </section>
  );
}
