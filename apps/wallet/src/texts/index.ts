/** The languages there are; a visit loads one. */
import type { Texts } from './en.js';

export type { Texts } from './en.js';

const LANGUAGES: Readonly<Record<string, () => Promise<Texts>>> = {
  en: async () => (await import('./en.js')).en,
  de: async () => (await import('./de.js')).de,
};

/** The first of a person's languages that there is; English when there is none of them. */
export async function loadTexts(wanted: readonly string[]): Promise<Texts> {
  const code = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((language) => language in LANGUAGES) ?? 'en';
  return (LANGUAGES[code] as () => Promise<Texts>)();
}
