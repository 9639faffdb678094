import { createPhoneOffer, type PhoneOffer } from '@radledger/wallet';
import encodeQR from 'qr';
import { useEffect, useState } from 'react';
import { AlreadyOpen } from '../parts/already-open.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { ConfirmOrReplace } from '../parts/confirm-or-replace.js';
import { Heading } from '../parts/heading.js';
import { MatchingWords } from '../parts/matching-words.js';
import { ScanField } from '../parts/scan-field.js';
import { Square } from '../parts/square.js';

/** On the new phone: shows what the old one seals to, and takes in what it answers. No server takes part. */
export function NewPhone() {
  const { texts, state, session, navigation, fail } = useApp();
  const [offer, setOffer] = useState<PhoneOffer>();
  const [answer, setAnswer] = useState('');
  const [isLooking, setLooking] = useState(false);
  useEffect(() => {
    createPhoneOffer().then(setOffer, fail);
  }, [fail]);
  if (state.phase === 'open' && !isLooking) return <AlreadyOpen title={texts.newPhone.title} />;
  if (offer === undefined) return <p role="status">{texts.frame.working}</p>;
  return (
    <>
      <Heading>{texts.newPhone.title}</Heading>
      <p className="lead">{texts.newPhone.text}</p>
      <Square modules={encodeQR(offer.offer, 'raw')} label={texts.newPhone.square} />
      <Button kind="quiet" onPress={() => navigator.clipboard.writeText(offer.offer)}>
        {texts.newPhone.copy}
      </Button>
      <MatchingWords words={offer.matchingWords} />
      <ScanField label={texts.newPhone.answer} value={answer} onText={setAnswer} />
      <ConfirmOrReplace
        bringBack={async (how, replace) => {
          const carried = await offer.accept(answer);
          setLooking(true);
          try {
            await session.takeOver(carried, how, { replace });
          } finally {
            setLooking(false);
          }
          navigation.home();
        }}
      >
        {texts.newPhone.go}
      </ConfirmOrReplace>
      {isLooking && <p role="status">{texts.restore.looking}</p>}
    </>
  );
}
