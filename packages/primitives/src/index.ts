export {
  compareBytes,
  concatBytes,
  equalBytes,
  equalSecrets,
  fromHex,
  fromUtf8,
  randomBytes,
  toHex,
  utf8,
} from './bytes.js';
export { type CanonicalValue, type DecodeLimits, decodeCanonical, encodeCanonical } from './canonical.js';
export { vrfProofToHash, vrfProve, vrfVerify } from './ecvrf.js';
export {
  createSigner,
  generateSeed,
  isStrictPublicKey,
  publicKeyOf,
  type SignatureClaim,
  type Signer,
  verify,
  verifyAll,
  verifyFast,
} from './ed25519.js';
export { CodedError, PrimitivesError, type PrimitivesErrorInfo } from './errors.js';
export { hash, hkdfSha256, hmacSha256, sha256 } from './hash.js';
export { decodePrivateKeyPem, encodePrivateKeyPem } from './key-pem.js';
export {
  algorithmBytes,
  bytes,
  decodeWith,
  encodeWith,
  flag,
  type Infer,
  list,
  literal,
  optional,
  type Schema,
  struct,
  text,
  tuple,
  uint,
} from './schema.js';
