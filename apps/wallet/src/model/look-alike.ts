/** Alphabets whose letters look like one another's. */
const ALPHABETS = ['Latin', 'Greek', 'Cyrillic', 'Armenian'].map((script) => new RegExp(`\\p{Script=${script}}`, 'u'));

/** Whether a name could be made to pass for another: letters of several such alphabets, or characters that are not seen or turn text round. */
export function isLookAlike(name: string): boolean {
  return /[\p{Cc}\p{Cf}]/u.test(name) || ALPHABETS.filter((alphabet) => alphabet.test(name)).length > 1;
}
