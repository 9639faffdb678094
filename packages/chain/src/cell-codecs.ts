/** The codec of each kind of cell that the transition works on. */
import { equalBytes } from '@radledger/primitives';
import {
  decodeAttestedCell,
  decodeAuthorityCell,
  decodeCountedCell,
  decodeEpochCell,
  decodeGrantCell,
  decodeKeyCell,
  decodeMisconductCell,
  decodeOwnerCell,
  decodeParamsCell,
  decodeSeedCell,
  decodeSourceCell,
  decodeStakeCell,
  decodeStudyCell,
  encodeAttestedCell,
  encodeAuthorityCell,
  encodeCountedCell,
  encodeEpochCell,
  encodeGrantCell,
  encodeKeyCell,
  encodeMisconductCell,
  encodeOwnerCell,
  encodeParamsCell,
  encodeSeedCell,
  encodeSourceCell,
  encodeStakeCell,
  encodeStudyCell,
} from './cells.js';
import {
  decodeAbsentCell,
  decodeDutiesCell,
  decodeDutyCell,
  decodeViewsCell,
  encodeAbsentCell,
  encodeDutiesCell,
  encodeDutyCell,
  encodeViewsCell,
} from './duty-cells.js';

/** Decoded cells kept: two forks' epochs at a boundary. */
const REMEMBERED = 6;

export const CELL_CODECS = {
  source: { decode: decodeSourceCell, encode: encodeSourceCell },
  study: { decode: decodeStudyCell, encode: encodeStudyCell },
  grant: { decode: decodeGrantCell, encode: encodeGrantCell },
  owner: { decode: decodeOwnerCell, encode: encodeOwnerCell },
  key: { decode: decodeKeyCell, encode: encodeKeyCell },
  misconduct: { decode: decodeMisconductCell, encode: encodeMisconductCell },
  stake: { decode: decodeStakeCell, encode: encodeStakeCell },
  counted: { decode: decodeCountedCell, encode: encodeCountedCell },
  authority: { decode: decodeAuthorityCell, encode: encodeAuthorityCell },
  attested: { decode: decodeAttestedCell, encode: encodeAttestedCell },
  seed: { decode: decodeSeedCell, encode: encodeSeedCell },
  params: { decode: decodeParamsCell, encode: encodeParamsCell },
  epoch: { decode: remembering(decodeEpochCell), encode: encodeEpochCell },
  duty: { decode: decodeDutyCell, encode: encodeDutyCell },
  views: { decode: decodeViewsCell, encode: encodeViewsCell },
  duties: { decode: decodeDutiesCell, encode: encodeDutiesCell },
  absent: { decode: decodeAbsentCell, encode: encodeAbsentCell },
} as const;

/** Every block reads the cells of its epoch and the one before, and they are the longest: decoding them once is enough. */
function remembering<T>(decode: (encoded: Uint8Array) => T): (encoded: Uint8Array) => T {
  const newest: { readonly encoded: Uint8Array; readonly value: T }[] = [];
  return (encoded) => {
    const known = newest.find((entry) => equalBytes(entry.encoded, encoded));
    if (known !== undefined) return known.value;
    const value = decode(encoded);
    if (newest.unshift({ encoded, value }) > REMEMBERED) newest.pop();
    return value;
  };
}
