/** The codec of each kind of cell that the transition works on. */
import {
  decodeEpochCell,
  decodeGrantCell,
  decodeKeyCell,
  decodeOwnerCell,
  decodeParamsCell,
  decodeSeedCell,
  decodeSourceCell,
  decodeStakeCell,
  decodeStudyCell,
  encodeEpochCell,
  encodeGrantCell,
  encodeKeyCell,
  encodeOwnerCell,
  encodeParamsCell,
  encodeSeedCell,
  encodeSourceCell,
  encodeStakeCell,
  encodeStudyCell,
} from './cells.js';

export const CELL_CODECS = {
  source: { decode: decodeSourceCell, encode: encodeSourceCell },
  study: { decode: decodeStudyCell, encode: encodeStudyCell },
  grant: { decode: decodeGrantCell, encode: encodeGrantCell },
  owner: { decode: decodeOwnerCell, encode: encodeOwnerCell },
  key: { decode: decodeKeyCell, encode: encodeKeyCell },
  stake: { decode: decodeStakeCell, encode: encodeStakeCell },
  seed: { decode: decodeSeedCell, encode: encodeSeedCell },
  params: { decode: decodeParamsCell, encode: encodeParamsCell },
  epoch: { decode: decodeEpochCell, encode: encodeEpochCell },
} as const;
