import { type ReactNode, useState } from 'react';
import { type Confirmation, isClosedFor } from '../model/confirmation.js';
import { useApp } from './app-context.js';
import { Confirm } from './confirm.js';
import { Question } from './question.js';

/**
 * The button of whatever brings images back: where they rest on this phone already, what she brought opens it and it is locked anew. Where
 * other images rest here, she is told, and nothing is done before she says that those may go.
 */
export function ConfirmOrReplace(props: {
  readonly bringBack: (how: Confirmation, replace: boolean) => Promise<void>;
  readonly children: ReactNode;
}) {
  const { texts, fail } = useApp();
  const [asked, setAsked] = useState<Confirmation>();
  const close = (): void => setAsked(undefined);
  const replace = (how: Confirmation): void => {
    close();
    props.bringBack(how, true).catch((error: unknown) => fail(error, () => replace(how)));
  };
  return (
    <>
      <Confirm
        isAnew
        onConfirmed={async (how) => {
          try {
            await props.bringBack(how, false);
          } catch (error) {
            if (!isClosedFor(error, 'WORDS_OF_ANOTHER')) throw error;
            fail(error);
            setAsked(how);
          }
        }}
      >
        {props.children}
      </Confirm>
      {asked !== undefined && (
        <Question
          title={texts.restore.replaceAsk}
          text={texts.restore.replaceText}
          end={texts.restore.replace}
          keep={texts.frame.back}
          onEnd={() => replace(asked)}
          onKeep={close}
        />
      )}
    </>
  );
}
