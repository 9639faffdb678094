import { useState } from 'react';
import { isPin, PIN_LENGTH_MAX } from '../model/pin.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Confirmed } from '../parts/confirmed.js';
import { Field } from '../parts/field.js';
import { Heading } from '../parts/heading.js';

/** Another PIN on a phone that opens by one. */
export function ChangePin() {
  const { texts } = useApp();
  return (
    <Confirmed title={texts.pin.change}>
      <NewPin />
    </Confirmed>
  );
}

function NewPin() {
  const { texts, session, navigation } = useApp();
  const [pin, setPin] = useState('');
  const [again, setAgain] = useState('');
  const [problem, setProblem] = useState<{ readonly short?: string; readonly other?: string }>({});
  const [isChanged, setChanged] = useState(false);
  const change = async (): Promise<void> => {
    if (!isPin(pin)) return setProblem({ short: texts.pin.short });
    if (pin !== again) return setProblem({ other: texts.pin.other });
    setProblem({});
    await session.changePin(pin);
    setChanged(true);
  };
  if (isChanged) {
    return (
      <>
        <Heading key="done">{texts.pin.changed}</Heading>
        <Button onPress={navigation.home}>{texts.allowed.done}</Button>
      </>
    );
  }
  const field = {
    type: 'password',
    inputMode: 'numeric',
    maxLength: PIN_LENGTH_MAX,
    autoComplete: 'new-password',
  } as const;
  return (
    <>
      <Heading>{texts.pin.change}</Heading>
      <p className="lead">{texts.pin.hint}</p>
      <Field {...field} label={texts.pin.make} value={pin} onText={setPin} problem={problem.short} />
      <Field {...field} label={texts.pin.repeat} value={again} onText={setAgain} problem={problem.other} />
      <Button onPress={change}>{texts.pin.change}</Button>
    </>
  );
}
