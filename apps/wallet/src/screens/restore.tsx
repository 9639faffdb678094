import { useState } from 'react';
import { useApp } from '../parts/app-context.js';
import { Confirm } from '../parts/confirm.js';
import { Field } from '../parts/field.js';
import { Heading } from '../parts/heading.js';

/** Brings everything back from the twelve words. */
export function Restore() {
  const { texts, state, session, navigation } = useApp();
  const [words, setWords] = useState('');
  const [isLooking, setLooking] = useState(false);
  if (state.phase !== 'new' && !isLooking) {
    return (
      <>
        <Heading>{texts.restore.title}</Heading>
        <p className="lead">{texts.restore.already}</p>
      </>
    );
  }
  return (
    <>
      <Heading>{texts.restore.title}</Heading>
      <p className="lead">{texts.restore.text}</p>
      <Field
        label={texts.restore.label}
        value={words}
        onText={setWords}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
      />
      <Confirm
        onConfirmed={async (how) => {
          setLooking(true);
          try {
            await session.restore(words, how);
          } finally {
            setLooking(false);
          }
          navigation.home();
        }}
      >
        {texts.restore.go}
      </Confirm>
      {isLooking && <p role="status">{texts.restore.looking}</p>}
    </>
  );
}
