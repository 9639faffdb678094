/** The first facts of a network. Spec: docs/spec/genesis.md. */
import {
  algorithmBytes,
  bytes,
  compareBytes,
  encodeWith,
  hash,
  type Infer,
  isStrictPublicKey,
  list,
  literal,
  PrimitivesError,
  struct,
  text,
  toHex,
  uint,
} from '@radledger/primitives';
import { decodeFormat } from './decoding.js';
import { ChainError } from './errors.js';
import { parametersSchema, policiesSchema } from './parameters.js';

/** Number of this genesis format. */
export const GENESIS_FORMAT = 1;
/** Longest genesis, in bytes. */
export const GENESIS_BYTES_MAX = 1024 * 1024;

const id = bytes({ length: 32 });
const key = algorithmBytes(32);

const genesisSchema = struct({
  format: literal(GENESIS_FORMAT),
  name: text({ min: 1, max: 64 }),
  timeMs: uint(),
  /** Id of the consensus module's rules; a peer with another is refused. */
  moduleId: text({ min: 1, max: 64 }),
  policies: policiesSchema,
  parameters: parametersSchema,
  /** Sorted by source id; the endowment is in studies. */
  sources: list(struct({ source: id, nodeKey: key, vrfKey: key, endowment: uint(1_000_000_000) }), {
    min: 1,
    max: 4_096,
  }),
  /** Keys that attest sources and counts. */
  authorities: list(key, { max: 256 }),
  /** Keys that may recover a halted network, and how many of them must sign. */
  recoveryKeys: list(key, { max: 256 }),
  recoveryThreshold: uint(256),
});

export type Genesis = Infer<typeof genesisSchema>;
/** One genesis source. Its signing key is its id. */
export type GenesisSource = Genesis['sources'][number];

/** Canonical bytes of a genesis. @throws {ChainError} `GENESIS_INVALID` | `PARAMETER_OUT_OF_RANGE` */
export function encodeGenesis(genesis: Genesis): Uint8Array {
  validateGenesis(genesis);
  return encodeWith(genesisSchema, genesis);
}

/** @throws {ChainError} `TOO_LARGE` | `MALFORMED` | `GENESIS_INVALID` | `PARAMETER_OUT_OF_RANGE` */
export function decodeGenesis(encoded: Uint8Array): Genesis {
  const genesis = decodeFormat('genesis', genesisSchema, encoded, { bytesMax: GENESIS_BYTES_MAX, depthMax: 5 });
  validateGenesis(genesis);
  return genesis;
}

/** Chain id: H('radledger/genesis/1', genesis), 32 bytes. @throws {ChainError} as `encodeGenesis` */
export function chainIdOf(genesis: Genesis): Uint8Array {
  validateGenesis(genesis);
  return hash('radledger/genesis/1', genesisSchema.encode(genesis));
}

/** @throws {ChainError} `GENESIS_INVALID` | `PARAMETER_OUT_OF_RANGE` | `MALFORMED` */
export function validateGenesis(genesis: Genesis): void {
  try {
    genesisSchema.decode(genesisSchema.encode(genesis));
  } catch (cause) {
    if (!(cause instanceof PrimitivesError)) throw cause;
    throw new ChainError({ code: 'MALFORMED', format: 'genesis' }, 'expected values within their ranges', { cause });
  }
  const keys = genesis.sources.flatMap(({ source, nodeKey, vrfKey }) => [source, nodeKey, vrfKey]);
  const sorted = genesis.sources.every((entry, index) => {
    const previous = genesis.sources[index - 1];
    return previous === undefined || compareBytes(previous.source, entry.source) < 0;
  });
  require(sorted, 'sources sorted by id');
  require(new Set(keys.map(toHex)).size === keys.length, 'one key, one source, one role');
  require([...keys, ...genesis.authorities, ...genesis.recoveryKeys].every(isStrictPublicKey), 'strict keys');
  require(new Set(genesis.authorities.map(toHex)).size === genesis.authorities.length, 'authorities that all differ');
  require(genesis.recoveryThreshold <= genesis.recoveryKeys.length, 'a recovery threshold that can be met');
}

function require(holds: boolean, rule: string): void {
  if (!holds) throw new ChainError({ code: 'GENESIS_INVALID', rule }, `expected ${rule}`);
}
