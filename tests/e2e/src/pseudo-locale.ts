/** A language nobody speaks, made from the English one: every text two fifths longer, with accents, half of it read from the right. */
import { loadTexts, type Texts } from '@radledger/wallet-app/texts';
import type { Phone } from './phone.js';

/** Runs here and in the page: nothing from outside it is used. */
function stretched<T>(value: T): T {
  const accents: Readonly<Record<string, string>> = { a: 'á', e: 'ê', i: 'ï', o: 'ö', u: 'ů', y: 'ý', n: 'ñ', c: 'ç' };
  const stretch = (text: string): string => {
    const accented = text.replace(/[aeiouync]/g, (letter) => accents[letter] ?? letter);
    const words = Math.ceil((text.length * 0.4) / 6);
    return `${accented} ${Array.from({ length: words }, () => 'שלוםר').join(' ')}`;
  };
  const change = (part: unknown): unknown => {
    if (typeof part === 'string') return stretch(part);
    if (typeof part === 'function')
      return (...inputs: unknown[]) => stretch((part as (...all: unknown[]) => string)(...inputs));
    if (Array.isArray(part)) return part.map(change);
    return Object.fromEntries(Object.entries(part as object).map(([name, inner]) => [name, change(inner)]));
  };
  return { ...(change(value) as T), locale: 'en', direction: 'rtl' };
}

/** Makes a phone speak it, by changing the language file on its way there; the same texts for whoever looks at the screens. */
export async function speakPseudo(phone: Phone): Promise<Texts> {
  await phone.context.route(/\/assets\/en-[^/?]*\.js$/, (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: `import { en as plain } from '${route.request().url()}?plain'; ${stretched.toString()}; export const en = stretched(plain);`,
    }),
  );
  return stretched(await loadTexts(['en']));
}
