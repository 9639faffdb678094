import encodeQR from 'qr';
import { useMemo, useState } from 'react';
import { addressOf } from '../model/papers.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Confirmed } from '../parts/confirmed.js';
import { ForWhom } from '../parts/for-whom.js';
import { Heading } from '../parts/heading.js';
import { Square } from '../parts/square.js';

/** F6: twelve words and the same as a square, to be printed or written down. */
export function Sheet() {
  const { texts } = useApp();
  return (
    <Confirmed title={texts.sheet.title}>
      <Words />
    </Confirmed>
  );
}

function Words() {
  const { texts, dates, session, navigation } = useApp();
  const words = useMemo(() => session.words(), [session]);
  const [isNoted, setNoted] = useState(false);
  const note = async (): Promise<void> => {
    await session.noteSheetMade();
    setNoted(true);
  };
  if (isNoted) {
    return (
      <>
        <Heading key="done">{texts.sheet.done}</Heading>
        <p className="lead">{texts.sheet.helpers}</p>
        <Button kind="quiet" onPress={() => navigation.go({ name: 'helpers' })}>
          {texts.helpers.add}
        </Button>
        <Button onPress={navigation.home}>{texts.allowed.done}</Button>
      </>
    );
  }
  return (
    <>
      <Heading>{texts.sheet.title}</Heading>
      <ForWhom />
      <p className="lead">{texts.sheet.text}</p>
      <p className="badge none">{texts.sheet.warning}</p>
      <section className="sheet" translate="no">
        <h2>{texts.sheet.words}</h2>
        <ol className="words" lang="en">
          {words.split(' ').map((word, index) => (
            <li key={`${index}-${word}`}>{word}</li>
          ))}
        </ol>
        <Square modules={encodeQR(words, 'raw')} label={texts.sheet.square} />
        <p>{texts.sheet.paper(addressOf(window.location), dates.dayHere(Date.now()))}</p>
      </section>
      <Button onPress={() => window.print()}>{texts.sheet.print}</Button>
      <Button kind="quiet" onPress={note}>
        {texts.sheet.written}
      </Button>
    </>
  );
}
