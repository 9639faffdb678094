/** What is taken as a new PIN: what a phone's field of digits gives, in any script, and what the screen asks for. */
export const PIN_LENGTH_MAX = 32;

export function isPin(text: string): boolean {
  return /^\p{Nd}{6,}$/u.test(text.normalize('NFKC'));
}
