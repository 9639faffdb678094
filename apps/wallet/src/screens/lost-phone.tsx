import { useState } from 'react';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';

/** F7: the ways back, by what a person still has. */
export function LostPhone() {
  const { texts, state, session, navigation } = useApp();
  const [isVisiting, setVisiting] = useState(false);
  const [isLooking, setLooking] = useState(false);
  const bringBack = async (): Promise<void> => {
    setLooking(true);
    try {
      await session.restore('passkey', 'passkey');
    } finally {
      setLooking(false);
    }
    navigation.home();
  };
  return (
    <>
      <Heading>{texts.lost.title}</Heading>
      <p className="lead">{texts.lost.text}</p>
      {state.phase === 'locked' && <p className="note">{texts.lost.here}</p>}
      <Button onPress={() => navigation.go({ name: 'restore' })}>{texts.lost.sheet}</Button>
      <Button kind="quiet" onPress={() => navigation.go({ name: 'ask-helpers' })}>
        {texts.askHelpers.open}
      </Button>
      <Button kind="quiet" onPress={() => navigation.go({ name: 'new-phone' })}>
        {texts.newPhone.open}
      </Button>
      {(isLooking || (state.phase === 'new' && state.confirmsBy === 'passkey')) && (
        <Button kind="quiet" onPress={bringBack}>
          {texts.lost.known}
        </Button>
      )}
      {isLooking && <p role="status">{texts.restore.looking}</p>}
      <Button kind="quiet" onPress={() => setVisiting(true)}>
        {texts.lost.hospital}
      </Button>
      {isVisiting && (
        <p className="nudge" role="status">
          {texts.lost.hospitalText}
        </p>
      )}
      <p className="note">{texts.lost.stolen}</p>
    </>
  );
}
