import { isClosedFor, type Confirmation } from '../model/confirmation.js';
import { isPin, PIN_LENGTH_MAX } from '../model/pin.js';
import { type ReactNode, useState } from 'react';
import { useApp } from './app-context.js';
import { Button, type ButtonKind } from './button.js';
import { Field } from './field.js';

/**
 * The button of something that needs its holder: one press where the device can confirm that it is her, a PIN and a press where it
 * cannot. Nothing is asked when the app is open already, but for what opens her images to somebody.
 * @param props.again - it does: when she confirmed some time ago, she is asked once more
 * @param props.isAnew - whatever opened what rests here before, this does from now on: a new PIN is chosen
 * @param props.isReady - false keeps her from being asked before the rest is filled in
 */
export function Confirm(props: {
  readonly children: ReactNode;
  readonly onConfirmed: (how: Confirmation) => void | Promise<void>;
  readonly again?: boolean;
  readonly isReady?: () => boolean;
  readonly isAnew?: boolean;
  readonly kind?: ButtonKind;
}) {
  const { again = false, kind = 'main' } = props;
  const { texts, state, session, navigation } = useApp();
  const isOpen = state.phase === 'open';
  const isDue = (): boolean => again && isOpen && !session.isConfirmed();
  const [pin, setPin] = useState('');
  const [problem, setProblem] = useState<string>();
  const [isAskedAgain, setAskedAgain] = useState(isDue);
  const isAsking = state.confirmsBy === 'pin' && (!isOpen || isAskedAgain);
  const isMaking = state.phase === 'new' || props.isAnew === true;
  const press = async (): Promise<void> => {
    if (props.isReady?.() === false) return;
    if (isDue() && state.confirmsBy === 'pin' && !isAsking) {
      setAskedAgain(true);
      return setProblem(texts.pin.again);
    }
    if (isAsking && (isMaking ? !isPin(pin) : pin === '')) return setProblem(texts.pin.short);
    setProblem(undefined);
    const how = isAsking ? { pin } : 'passkey';
    try {
      if (again && isOpen) await session.confirm(how);
      setAskedAgain(false);
      await props.onConfirmed(how);
    } catch (error) {
      if (isMaking && isClosedFor(error, 'PASSKEY_WITHOUT_PRF')) return session.usePin();
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
            inputMode="numeric"
            maxLength={PIN_LENGTH_MAX}
            autoComplete={isMaking ? 'new-password' : 'current-password'}
            value={pin}
            onText={setPin}
            problem={problem}
          />
        </>
      )}
      <Button kind={kind} onPress={press}>
        {props.children}
      </Button>
      {(state.phase === 'locked' || isAskedAgain) && !isMaking && (
        <button
          type="button"
          className="link"
          onClick={() => (isOpen ? window.location.reload() : navigation.go({ name: 'lost-phone' }))}
        >
          {isAsking ? texts.pin.forgotten : texts.locked.stuck}
        </button>
      )}
    </>
  );
}
