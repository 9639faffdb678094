import { useState } from 'react';
import { useApp } from '../parts/app-context.js';
import { BringBack } from '../parts/bring-back.js';
import { ScanField } from '../parts/scan-field.js';

/** Brings everything back from the twelve words. */
export function Restore(props: { readonly forName: string | undefined }) {
  const { texts } = useApp();
  const [words, setWords] = useState('');
  return (
    <BringBack
      title={texts.restore.title}
      text={texts.restore.text}
      forName={props.forName}
      find={() => Promise.resolve({ words, from: 'sheet' })}
    >
      <ScanField label={texts.restore.label} value={words} onText={setWords} />
    </BringBack>
  );
}
