import { expect, test } from 'vitest';
import { validateSourceName } from '../src/index.js';

function isAllowed(character: string): boolean {
  try {
    validateSourceName(`a${character}b`);
    return true;
  } catch {
    return false;
  }
}

// Goal: NFKC cannot differ between platforms. Method: every code point that a name may hold is assigned in this platform's
// Unicode, no control or format character.
test('a name holds assigned, visible characters only', () => {
  let allowed = 0;
  for (let code = 0; code <= 0xffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    if (!isAllowed(character)) continue;
    allowed += 1;
    if (/[\p{Cn}\p{Cc}\p{Cf}\p{Co}]/u.test(character)) throw new Error(`U+${code.toString(16)} must not be allowed`);
  }
  expect(allowed).toBeGreaterThan(30_000);
  expect(['\u{1f3e5}', '\u{10ffff}', '\u{20000}'].filter(isAllowed)).toEqual([]);
});
