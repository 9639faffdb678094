import type { HelperCards } from '@radledger/wallet';
import encodeQR from 'qr';
import { useEffect, useState } from 'react';
import { addressOf, cardLines } from '../model/papers.js';
import { useApp } from '../parts/app-context.js';
import { Button } from '../parts/button.js';
import { Confirm } from '../parts/confirm.js';
import { Confirmed } from '../parts/confirmed.js';
import { Field } from '../parts/field.js';
import { ForWhom } from '../parts/for-whom.js';
import { Heading } from '../parts/heading.js';
import { Question } from '../parts/question.js';
import { Square } from '../parts/square.js';

/** Three cards for three people, any two of whom bring everything back. */
export function Helpers() {
  const { texts } = useApp();
  return (
    <Confirmed title={texts.helpers.title}>
      <Cards />
    </Confirmed>
  );
}

function Cards() {
  const { texts, dates, session, navigation, fail } = useApp();
  const [set, setSet] = useState<HelperCards>();
  const [isAsking, setAsking] = useState(false);
  const [who, setWho] = useState('');
  const [isNoted, setNoted] = useState(false);
  useEffect(() => {
    const show = (): void => {
      session.helperCards().then(setSet, (error: unknown) => fail(error, show));
    };
    show();
  }, [session, fail]);
  const close = (): void => setAsking(false);
  const makeNew = (): void => {
    close();
    session.helperCards({ areNew: true }).then(setSet, (error: unknown) => fail(error, makeNew));
  };
  const note = async (): Promise<void> => {
    await session.noteHelperCardsMade();
    setNoted(true);
  };
  if (isNoted) {
    return (
      <>
        <Heading key="done">{texts.helpers.done}</Heading>
        <Button onPress={navigation.home}>{texts.allowed.done}</Button>
      </>
    );
  }
  if (set === undefined) return <p>{texts.frame.working}</p>;
  const address = addressOf(window.location);
  const lines = cardLines(texts, { who, address, made: dates.moment(set.madeAtMs) });
  return (
    <>
      <Heading>{texts.helpers.title}</Heading>
      <ForWhom />
      <p className="lead">{texts.helpers.text}</p>
      <p className="note screen-only">{texts.helpers.same}</p>
      <Field label={texts.helpers.who} value={who} onText={setWho} maxLength={80} autoComplete="off" />
      <p className="note screen-only">{texts.helpers.whoNote}</p>
      <Button onPress={() => window.print()}>{texts.helpers.print}</Button>
      {set.cards.map((words, index) => (
        <section className="helper-card" key={words}>
          <h2>{texts.helpers.card(index + 1)}</h2>
          {lines.map((line) => (
            <p key={line}>{line}</p>
          ))}
          <ol className="words" lang="en" translate="no" aria-label={texts.helpers.words}>
            {words.split(' ').map((word, place) => (
              <li key={`${place}-${word}`}>{word}</li>
            ))}
          </ol>
          <Square modules={encodeQR(words, 'raw')} label={texts.helpers.square} />
          <Button
            kind="quiet"
            onPress={() =>
              save(
                `${texts.helpers.card(index + 1)}.txt`,
                [texts.helpers.card(index + 1), ...lines, words].join('\n\n'),
              )
            }
          >
            {texts.helpers.save(index + 1)}
          </Button>
        </section>
      ))}
      <Button kind="quiet" onPress={note}>
        {texts.helpers.given}
      </Button>
      <section className="screen-only">
        <h2>{texts.helpers.lost}</h2>
        <p>{texts.helpers.again}</p>
        <Confirm again kind="quiet" onConfirmed={() => setAsking(true)}>
          {texts.helpers.makeNew}
        </Confirm>
      </section>
      {isAsking && (
        <Question
          title={texts.helpers.ask}
          text={texts.helpers.again}
          end={texts.helpers.makeNew}
          keep={texts.helpers.keep}
          onEnd={makeNew}
          onKeep={close}
        />
      )}
    </>
  );
}

/** A browser may still be reading after the press: a file that is gone by then is saved empty, or not at all. */
const READING_MS = 60_000;

/** Hands a text to the device as a file, which the person sends or keeps as she likes. */
function save(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), READING_MS);
}
