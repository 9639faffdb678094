/** The languages there are, one file each beside this one; a visit loads one. */
/// <reference types="vite/client" />
import type { Texts } from './en.js';

export type { Texts } from './en.js';

/** What a language's file exports: its texts under the language's two letters, and `forbidden`. */
export type LanguageFile = Readonly<Record<string, Texts | readonly string[]>>;

/** Loads each language, by its two letters. */
export type Languages = Readonly<Record<string, () => Promise<LanguageFile>>>;

export const LANGUAGES: Languages = Object.fromEntries(
  Object.entries(import.meta.glob<LanguageFile>('./??.ts')).map(([path, load]) => [path.slice(2, 4), load]),
);

/** The first of a person's languages that there is; English when there is none of them. */
export async function loadTexts(wanted: readonly string[], languages: Languages = LANGUAGES): Promise<Texts> {
  const code = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((language) => language in languages) ?? 'en';
  return (await languages[code]?.())?.[code] as Texts;
}

/** Finds what must not be seen or heard in a language: whole words, with their endings. */
export async function forbiddenIn(code: string, languages: Languages = LANGUAGES): Promise<RegExp> {
  const { forbidden } = (await languages[code]?.()) as { readonly forbidden: readonly string[] };
  return new RegExp(`(?<!\\p{L})(${forbidden.join('|')})(?!\\p{L})`, 'giu');
}
