/** From texts on the command line to checked values. Messages name the argument and the rule, never the text. */
import { fromHex } from '@radledger/primitives';
import { InvalidArgumentError } from 'commander';

/** 64 lower-case hexadecimal digits. */
export function idArgument(text: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError('Expected 64 lower-case hexadecimal digits.');
  return fromHex(text);
}

/** A whole number from 0. */
export function countArgument(text: string): number {
  if (!/^(0|[1-9][0-9]{0,14})$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

/** An http or https address. */
export function urlArgument(text: string): string {
  try {
    const url = new URL(text);
    if (/^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return text.replace(/\/+$/, '');
  } catch {
    // refused below
  }
  throw new InvalidArgumentError('Expected an address such as http://127.0.0.1:7101, without a user name.');
}

/** A date (the end of that day, UTC), a date with a time, or a number of days from now such as `30d`. */
export function timeArgument(text: string): number {
  const days = /^([1-9][0-9]{0,3})d$/.exec(text)?.[1];
  if (days !== undefined) return Date.now() + Number(days) * 86_400_000;
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T23:59:59.999Z` : text;
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(date) ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(ms))
    throw new InvalidArgumentError(
      'Expected a date such as 2027-01-31, a time such as 2027-01-31T12:00Z, or days such as 30d.',
    );
  return ms;
}

/** Collects an option that may be given several times. */
export function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

/** A whole number of seconds above zero, as milliseconds. */
export function secondsArgument(text: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new InvalidArgumentError('Expected a whole number of seconds above zero.');
  return Number(text) * 1000;
}
