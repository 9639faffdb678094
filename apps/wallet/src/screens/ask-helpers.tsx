import { wordsOfHelperCards } from '@radledger/wallet';
import { useState } from 'react';
import { BringBack } from '../parts/bring-back.js';
import { useApp } from '../parts/app-context.js';
import { ScanField } from '../parts/scan-field.js';

/** Brings everything back from the cards of two helpers. */
export function AskHelpers(props: { readonly forName: string | undefined }) {
  const { texts } = useApp();
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  return (
    <BringBack
      title={texts.askHelpers.title}
      text={texts.askHelpers.text}
      forName={props.forName}
      find={async () => ({ words: await wordsOfHelperCards([first, second]), from: 'helpers' })}
    >
      <ScanField label={texts.askHelpers.first} value={first} onText={setFirst} />
      <ScanField label={texts.askHelpers.second} value={second} onText={setSecond} />
    </BringBack>
  );
}
