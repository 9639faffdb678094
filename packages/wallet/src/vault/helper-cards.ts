/**
 * The seed in three parts, any two of which give it back (Shamir over GF(256)); each part is a card of sixteen words.
 * Spec: docs/spec/wallet-keys.md, section 11.
 */
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { combine, split } from 'shamir-secret-sharing';
import { concatBytes, equalBytes, hash, randomBytes } from '@radledger/primitives';
import { WalletError, type WalletErrorInfo } from '../errors.js';
import { wordsOf } from '../words.js';

const CARDS = 3;
const NEEDED = 2;
/** Format 1, two cards needed. */
const HEAD = 0x12;
/** Head, set (2 bytes), share (17), check (2): 176 bits, sixteen words of eleven. */
const CARD_BYTES = 22;
const CARD_WORDS = 16;

type Rule = Extract<WalletErrorInfo, { code: 'CARD_INVALID' }>['rule'];

/** @param entropy - the 16 bytes of the twelve words */
export async function makeHelperCards(entropy: Uint8Array): Promise<readonly [string, string, string]> {
  const set = randomBytes(2);
  const shares = await split(new Uint8Array(entropy), CARDS, NEEDED);
  const [first, second, third] = shares.map((share) => cardOf(set, share));
  return [first as string, second as string, third as string];
}

/** The words of one card: also the text of its QR code. */
export function cardOf(set: Uint8Array, share: Uint8Array): string {
  const body = concatBytes(Uint8Array.of(HEAD), set, share);
  return toWords(concatBytes(body, checkOf(body)));
}

/**
 * The twelve words behind two cards of one set.
 * @param cards - two or three; upper case and extra white space are let through
 * @throws {WalletError} `CARD_INVALID`
 */
export async function wordsOfHelperCards(cards: readonly string[]): Promise<string> {
  if (cards.length < NEEDED || cards.length > CARDS) throw invalid('count', 'expected two cards');
  const read = cards.map(readCard);
  const [first] = read;
  if (first === undefined || !read.every(({ set }) => equalBytes(set, first.set))) {
    throw invalid('other-set', 'the cards were not made together; ask for the newest ones');
  }
  if (new Set(read.map(({ share }) => share.at(-1))).size !== read.length) {
    throw invalid('same-card', 'this is the same card twice; a second helper is needed');
  }
  return wordsOf(await combine(read.map(({ share }) => share)));
}

function readCard(card: string): { readonly set: Uint8Array; readonly share: Uint8Array } {
  const bytes = fromWords(card);
  const body = bytes.subarray(0, CARD_BYTES - 2);
  if (!equalBytes(checkOf(body), bytes.subarray(CARD_BYTES - 2))) {
    throw invalid('check', 'the words do not belong together; check each one and their order');
  }
  if (body[0] !== HEAD) throw invalid('format', 'a card of another kind');
  return { set: body.slice(1, 3), share: body.slice(3) };
}

function checkOf(body: Uint8Array): Uint8Array {
  return hash('radledger/helper-card/1', body).subarray(0, 2);
}

function toWords(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return Array.from(
    { length: CARD_WORDS },
    (_, at) => wordlist[Number.parseInt(bits.slice(at * 11, at * 11 + 11), 2)],
  ).join(' ');
}

function fromWords(card: string): Uint8Array {
  const list = card.normalize('NFKD').trim().toLowerCase().split(/\s+/);
  if (list.length !== CARD_WORDS) throw invalid('words', 'expected sixteen words');
  const bits = list
    .map((word) => {
      const index = wordlist.indexOf(word);
      if (index === -1) throw invalid('words', 'one of the words is not in the list');
      return index.toString(2).padStart(11, '0');
    })
    .join('');
  return Uint8Array.from({ length: CARD_BYTES }, (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2));
}

function invalid(rule: Rule, message: string): WalletError {
  return new WalletError({ code: 'CARD_INVALID', rule }, message);
}
