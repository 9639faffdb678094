import { useState } from 'react';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Field } from '../parts/field.js';
import { Heading } from '../parts/heading.js';

/** F8: somebody whose images she looks after, kept apart from her own, new or brought back. */
export function AddProfile() {
  const { texts, session, navigation } = useApp();
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const named = (then: (name: string) => void | Promise<void>) => (): void | Promise<void> => {
    const trimmed = name.normalize('NFC').trim();
    const isName = trimmed !== '' && !/\p{C}/u.test(trimmed);
    setProblem(isName ? undefined : texts.profiles.nameMissing);
    return isName ? then(trimmed) : undefined;
  };
  return (
    <>
      <Heading>{texts.profiles.title}</Heading>
      <p className="lead">{texts.profiles.text}</p>
      <Field
        label={texts.profiles.name}
        value={name}
        onText={setName}
        problem={problem}
        maxLength={20}
        autoComplete="off"
      />
      <Button
        onPress={named(async (trimmed) => {
          await session.addProfile(trimmed);
          navigation.home();
        })}
      >
        {texts.profiles.add}
      </Button>
      <p className="note">{texts.profiles.before}</p>
      <Button kind="quiet" onPress={named((forName) => navigation.go({ name: 'restore', forName }))}>
        {texts.profiles.fromSheet}
      </Button>
      <Button kind="quiet" onPress={named((forName) => navigation.go({ name: 'ask-helpers', forName }))}>
        {texts.profiles.fromHelpers}
      </Button>
    </>
  );
}
