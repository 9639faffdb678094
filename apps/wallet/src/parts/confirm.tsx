import { isClosedFor, type Confirmation } from '../model/confirmation.js';
import { type ReactNode, useState } from 'react';
import { useApp } from './app-context.js';
import { Button } from './button.js';
import { Field } from './field.js';

/**
 * The button of something that needs its holder: one press where the device can confirm that it is her, a PIN and a press where it
 * cannot. Nothing is asked when the app is open already.
 * @param props.isAnew - whatever opened what rests here before, this does from now on: a new PIN is chosen
 * @param props.isReady - false keeps her from being asked before the rest is filled in
 */
export function Confirm(props: {
  readonly children: ReactNode;
  readonly onConfirmed: (how: Confirmation) => Promise<void>;
  readonly isReady?: () => boolean;
  readonly isAnew?: boolean;
}) {
  const { texts, state, session, navigation } = useApp();
  const [pin, setPin] = useState('');
  const [problem, setProblem] = useState<string>();
  const isAsking = state.phase !== 'open' && state.confirmsBy === 'pin';
  const isMaking = state.phase === 'new' || props.isAnew === true;
  const press = async (): Promise<void> => {
    if (props.isReady?.() === false) return;
    if (isAsking && pin.length < 6) return setProblem(texts.pin.short);
    setProblem(undefined);
    try {
      await props.onConfirmed(isAsking ? { pin } : 'passkey');
    } catch (error) {
      if (isClosedFor(error, 'PASSKEY_WITHOUT_PRF')) return session.usePin();
      if (isClosedFor(error, 'WRONG_PIN')) return setProblem(texts.pin.wrong);
      throw error;
    }
  };
  return (
    <>
      {isAsking && (
        <>
          {isMaking && <p className="note">{texts.pin.hint}</p>}
          <Field
            label={isMaking ? texts.pin.make : texts.pin.label}
            type="password"
            autoComplete={isMaking ? 'new-password' : 'current-password'}
            value={pin}
            onText={setPin}
            problem={problem}
          />
        </>
      )}
      <Button onPress={press}>{props.children}</Button>
      {state.phase === 'locked' && !isMaking && (
        <button type="button" className="link" onClick={() => navigation.go({ name: 'lost-phone' })}>
          {isAsking ? texts.pin.forgotten : texts.locked.stuck}
        </button>
      )}
    </>
  );
}
