/**
 * To a new phone from the old one, by two QR codes and no server: the new phone shows an offer, the old one answers with the words sealed
 * to it. Both show the same four words first. Spec: docs/spec/wallet-keys.md, section 12.
 */
import { generateSealingKeyPair, openSealed, type SealContext, type SealingKeyPair, sealTo } from '@radledger/handover';
import {
  bytes,
  decodeWith,
  encodeCanonical,
  encodeWith,
  fromHex,
  list,
  literal,
  struct,
  text,
  toHex,
} from '@radledger/primitives';
import { WalletError } from '../errors.js';
import { entropyOf, matchingWords, wordsOf } from '../words.js';

const offerSchema = struct({ format: literal(1), publicKey: bytes({ length: 32 }) });
const answerSchema = list(struct({ name: text({ max: 64 }), entropy: bytes({ length: 16 }) }), { max: 101 });
const ANSWER_BYTES_MAX = 16 * 1024;

/** What is carried over: the holder first, with an empty name, then those she acts for. */
export interface CarriedProfile {
  readonly name: string;
  readonly words: string;
}

/** On the new phone. */
export interface PhoneOffer {
  /** For the QR code: upper-case hex. */
  readonly offer: string;
  /** Four words; the person compares them with those on the old phone. */
  readonly matchingWords: string;
  /** Takes in the text of the old phone's QR code. @throws {WalletError} `TRANSFER_INVALID` */
  accept(answer: string): Promise<readonly CarriedProfile[]>;
}

/** On the new phone: a key pair that lives as long as this object. */
export async function createPhoneOffer(keyPair?: SealingKeyPair): Promise<PhoneOffer> {
  const pair = keyPair ?? (await generateSealingKeyPair());
  return {
    offer: toHex(encodeWith(offerSchema, { format: 1, publicKey: pair.publicKey })).toUpperCase(),
    matchingWords: matchingWordsOf(pair.publicKey),
    async accept(answer) {
      try {
        const opened = await openSealed(pair, contextOf(pair.publicKey), fromHex(answer.trim().toLowerCase()));
        const carried = decodeWith(answerSchema, opened, { bytesMax: ANSWER_BYTES_MAX });
        return carried.map(({ name, entropy }) => ({ name, words: wordsOf(entropy) }));
      } catch {
        // Without its cause: the reader's error may quote what was sealed.
        throw new WalletError({ code: 'TRANSFER_INVALID', rule: 'answer' }, 'not the answer to this offer; scan again');
      }
    },
  };
}

/**
 * On the old phone: what its person sees before anything is sealed.
 * @returns `answer` is called only after she said that the words are the same on both
 * @throws {WalletError} `TRANSFER_INVALID`
 */
export function readPhoneOffer(offer: string): {
  readonly matchingWords: string;
  answer(profiles: readonly CarriedProfile[]): Promise<string>;
} {
  const publicKey = offeredKey(offer);
  return {
    matchingWords: matchingWordsOf(publicKey),
    async answer(profiles) {
      const carried = profiles.map(({ name, words }) => ({ name, entropy: entropyOf(words) }));
      const sealed = await sealTo(publicKey, contextOf(publicKey), encodeWith(answerSchema, carried));
      return toHex(sealed).toUpperCase();
    },
  };
}

function offeredKey(offer: string): Uint8Array {
  try {
    return decodeWith(offerSchema, fromHex(offer.trim().toLowerCase()), { bytesMax: 64 }).publicKey;
  } catch {
    throw new WalletError({ code: 'TRANSFER_INVALID', rule: 'offer' }, 'not the code of a new phone');
  }
}

/** 44 bits of the key: a phone that slips in another key needs about 2^43 tries to show the same words. */
const matchingWordsOf = (publicKey: Uint8Array): string => matchingWords('radledger/phone-transfer-match/1', publicKey);

function contextOf(publicKey: Uint8Array): SealContext {
  return { info: 'radledger/phone-transfer/1', aad: encodeCanonical([publicKey]) };
}
