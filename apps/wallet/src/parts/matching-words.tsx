import { useApp } from './app-context.js';

/** Four words that two phones show; whoever holds both compares them. */
export function MatchingWords(props: { readonly words: string }) {
  const { texts } = useApp();
  return (
    <section>
      <h2>{texts.newPhone.words}</h2>
      <ol className="words" lang="en" translate="no">
        {props.words.split(' ').map((word, place) => (
          <li key={`${place}-${word}`}>{word}</li>
        ))}
      </ol>
    </section>
  );
}
