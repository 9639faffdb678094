import { useApp } from './app-context.js';
import { Button } from './button.js';
import { lookSaid } from './look-words.js';

const SHOWN = 3;

/** Who looked since she looked last. */
export function News() {
  const { texts, dates, state, navigation } = useApp();
  const more = state.news.length - SHOWN;
  const nowMs = Date.now();
  return (
    <section className="nudge" role="status">
      <h2>{texts.news.title}</h2>
      {state.news.slice(0, SHOWN).map((look) => (
        <p key={look.id}>
          {lookSaid(look, texts)},{' '}
          <time dateTime={new Date(look.atMs).toISOString()}>{dates.lately(look.atMs, nowMs)}</time>
        </p>
      ))}
      {more > 0 && <p>{texts.news.more(more)}</p>}
      <Button kind="quiet" onPress={() => navigation.go({ name: 'who-looked' })}>
        {texts.news.open}
      </Button>
    </section>
  );
}
