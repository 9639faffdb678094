// A PIN is what the screen says: digits, at least six.
import { expect, test } from 'vitest';
import { isPin } from '../src/model/pin.js';

test.each(['246813', '24681357', '４71103', '٢٤٦٨١٣'])('is one: %s', (text) => {
  expect(isPin(text)).toBe(true);
});

test.each(['', '12345', 'abcdef', '12345a', '123 456', '-123456'])('is none: %s', (text) => {
  expect(isPin(text)).toBe(false);
});
