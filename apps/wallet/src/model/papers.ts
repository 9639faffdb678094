/** What her papers say beside the words. The link that a hospital gave her went with the phone, so each tells where the app is. */
import type { Texts } from '../texts/index.js';

/** Where this app is, as it can be typed: without what a link brought. */
export function addressOf({ origin, pathname }: Pick<Location, 'origin' | 'pathname'>): string {
  return origin + pathname;
}

/** A helper's card, as it is printed and as it is saved: the lines above the words. */
export function cardLines(
  { helpers }: Texts,
  card: { readonly who: string; readonly address: string; readonly made: string },
): readonly string[] {
  const who = card.who.trim();
  return [helpers.paper(who === '' ? helpers.someone : who), helpers.use(card.address), helpers.made(card.made)];
}
