import { useState } from 'react';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Heading } from '../parts/heading.js';
import { ScanField } from '../parts/scan-field.js';

/** For whoever has a link and cannot press it. */
export function LinkScreen() {
  const { texts, open } = useApp();
  const [link, setLink] = useState('');
  return (
    <>
      <Heading>{texts.link.title}</Heading>
      <p className="lead">{texts.link.text}</p>
      <ScanField label={texts.link.label} value={link} onText={setLink} inputMode="url" />
      <Button onPress={() => open(link)}>{texts.link.open}</Button>
    </>
  );
}
