import { readPhoneOffer } from '@radledger/wallet';
import encodeQR from 'qr';
import { useState } from 'react';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Confirm } from '../parts/confirm.js';
import { Heading } from '../parts/heading.js';
import { MatchingWords } from '../parts/matching-words.js';
import { ScanField } from '../parts/scan-field.js';
import { Square } from '../parts/square.js';

/** On the old phone: reads what the new one shows, has its person compare, and only then hands everything over. */
export function OldPhone() {
  const { texts, session, navigation } = useApp();
  const [code, setCode] = useState('');
  const [offer, setOffer] = useState<ReturnType<typeof readPhoneOffer>>();
  const [answer, setAnswer] = useState<string>();
  if (answer !== undefined) {
    return (
      <>
        <Heading key="show">{texts.oldPhone.show}</Heading>
        <Square modules={encodeQR(answer, 'raw')} label={texts.oldPhone.square} />
        <Button kind="quiet" onPress={() => navigator.clipboard.writeText(answer)}>
          {texts.newPhone.copy}
        </Button>
        <p className="note">{texts.oldPhone.note}</p>
        <Button onPress={navigation.home}>{texts.allowed.done}</Button>
      </>
    );
  }
  if (offer !== undefined) {
    return (
      <>
        <Heading key="compare">{texts.oldPhone.compare}</Heading>
        <MatchingWords words={offer.matchingWords} />
        <p className="note">{texts.oldPhone.warning}</p>
        <Confirm again onConfirmed={async () => setAnswer(await offer.answer(session.carried()))}>
          {texts.oldPhone.same}
        </Confirm>
        <Button kind="quiet" onPress={navigation.home}>
          {texts.oldPhone.different}
        </Button>
      </>
    );
  }
  return (
    <>
      <Heading>{texts.oldPhone.title}</Heading>
      <p className="lead">{texts.oldPhone.text}</p>
      <ScanField label={texts.oldPhone.code} value={code} onText={setCode} />
      <Button onPress={() => setOffer(readPhoneOffer(code))}>{texts.pin.go}</Button>
    </>
  );
}
