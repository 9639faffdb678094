/** Twelve words and back (BIP39, English list). Spec: docs/spec/wallet-keys.md, section 1. */
import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeed } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { hash, randomBytes } from '@radledger/primitives';
import { WalletError } from './errors.js';

const WORD_SET = new Set(wordlist);

/** 16 random bytes: what the twelve words stand for. */
export function generateEntropy(): Uint8Array {
  return randomBytes(16);
}

/** The twelve words of 16 bytes, separated by single spaces. */
export function wordsOf(entropy: Uint8Array): string {
  return entropyToMnemonic(entropy, wordlist);
}

/**
 * The 16 bytes behind twelve words. Upper case and extra white space are let through: people copy from paper.
 * @throws {WalletError} `WORDS_INVALID`
 */
export function entropyOf(words: string): Uint8Array {
  const list = words.normalize('NFKD').trim().toLowerCase().split(/\s+/);
  if (list.length !== 12) throw invalid('count', 'expected twelve words');
  if (!list.every((word) => WORD_SET.has(word))) throw invalid('unknown-word', 'one of the words is not in the list');
  try {
    return mnemonicToEntropy(list.join(' '), wordlist);
  } catch {
    // The library's error quotes the words: it must not travel as a cause.
    throw invalid('checksum', 'the words do not belong together; check each one and their order');
  }
}

/** Whether a text looks like recovery words, so that it can be refused where something public belongs. */
export function looksLikeWords(text: string): boolean {
  const list = text.trim().toLowerCase().split(/\s+/);
  return list.length >= 6 && list.filter((word) => WORD_SET.has(word)).length * 3 >= list.length * 2;
}

/**
 * Four words that two people compare on two devices: the first 44 bits of a hash. Whoever slips in other bytes needs about 2^43 tries to show
 * the same.
 */
export function matchingWords(tag: string, bytes: Uint8Array): string {
  const digest = hash(tag, bytes);
  const bits = new DataView(digest.buffer, digest.byteOffset).getBigUint64(0);
  return [53n, 42n, 31n, 20n].map((shift) => wordlist[Number((bits >> shift) & 0x7ffn)]).join(' ');
}

/** The 64-byte BIP39 seed: PBKDF2-HMAC-SHA-512, 2,048 rounds, empty passphrase. */
export function seedOf(entropy: Uint8Array): Promise<Uint8Array> {
  return mnemonicToSeed(wordsOf(entropy));
}

function invalid(rule: 'count' | 'unknown-word' | 'checksum', message: string): WalletError {
  return new WalletError({ code: 'WORDS_INVALID', rule }, message);
}
