/** Genesis as people write it. Spec: docs/spec/genesis.md, section 4. */
import { toHex } from '@radledger/primitives';
import { ChainError } from '../errors.js';
import { decodeGenesis, GENESIS_FORMAT, type Genesis, validateGenesis } from '../genesis.js';
import { MODULE_SETTINGS_MAX } from '../module-settings.js';
import { DEFAULT_PARAMETERS, type Parameters } from '../parameters.js';
import { JsonFields } from './json-fields.js';

/** Keys and ids are 64 lower-case hex digits; `timeMs` is Unix ms; endowments are studies. */
export interface GenesisJson {
  readonly format: 1;
  readonly name: string;
  readonly timeMs: number;
  readonly moduleId: string;
  readonly policies: { readonly admission: 'open' | 'attested'; readonly stake: 'raw' | 'guarded' | 'attested' };
  readonly parameters: Parameters;
  readonly sources: readonly {
    readonly source: string;
    readonly nodeKey: string;
    readonly vrfKey: string;
    readonly endowment: number;
  }[];
  readonly authorities: readonly string[];
  readonly recoveryKeys: readonly string[];
  readonly recoveryThreshold: number;
}

export function genesisToJson(genesis: Genesis): GenesisJson {
  return {
    ...genesis,
    sources: genesis.sources.map(({ source, nodeKey, vrfKey, endowment }) => ({
      source: toHex(source),
      nodeKey: toHex(nodeKey),
      vrfKey: toHex(vrfKey),
      endowment,
    })),
    authorities: genesis.authorities.map(toHex),
    recoveryKeys: genesis.recoveryKeys.map(toHex),
  };
}

/**
 * Reads a genesis file: every member named, no other.
 * @throws {ChainError} `MALFORMED` | `GENESIS_INVALID` | `PARAMETER_OUT_OF_RANGE`
 */
export function genesisFromJson(json: unknown): Genesis {
  const fields = new JsonFields('genesis', json).only(GENESIS_MEMBERS);
  const policies = fields.object('policies').only(['admission', 'stake']);
  const parameters = fields.object('parameters').only(PARAMETER_NAMES);
  const genesis: Genesis = {
    format: fields.number('format', GENESIS_FORMAT),
    name: fields.string('name'),
    timeMs: fields.integer('timeMs'),
    moduleId: fields.string('moduleId'),
    policies: {
      admission: policies.word('admission', ['open', 'attested']),
      stake: policies.word('stake', ['raw', 'guarded', 'attested']),
    },
    parameters: {
      ...(Object.fromEntries(NUMBER_NAMES.map((name) => [name, parameters.integer(name)])) as PlainParameters),
      moduleSettings: parameters.list('moduleSettings', MODULE_SETTINGS_MAX, settingOf),
    },
    sources: fields.list('sources', 4_096, (item, path) => {
      const source = new JsonFields('genesis', item, path).only(['source', 'nodeKey', 'vrfKey', 'endowment']);
      return {
        source: source.hex('source', 32),
        nodeKey: source.hex('nodeKey', 32),
        vrfKey: source.hex('vrfKey', 32),
        endowment: source.integer('endowment'),
      };
    }),
    authorities: fields.hexList('authorities', 256, 32),
    recoveryKeys: fields.hexList('recoveryKeys', 256, 32),
    recoveryThreshold: fields.integer('recoveryThreshold'),
  };
  validateGenesis(genesis);
  return genesis;
}

/** Larger than any genesis as JSON. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Reads what a genesis file holds: JSON, or the canonical bytes.
 * @throws {ChainError} as `genesisFromJson` and `decodeGenesis`
 */
export function genesisFromFile(content: Uint8Array): Genesis {
  if (content.length > FILE_BYTES_MAX) {
    throw new ChainError(
      { code: 'TOO_LARGE', bytes: content.length, bytesMax: FILE_BYTES_MAX },
      'larger than any genesis',
    );
  }
  if (content[0] !== '{'.charCodeAt(0)) return decodeGenesis(new Uint8Array(content));
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch (cause) {
    throw new ChainError({ code: 'MALFORMED', format: 'genesis' }, 'expected JSON in UTF-8', { cause });
  }
  return genesisFromJson(json);
}

/** `["name", 1]` */
function settingOf(item: unknown, path: string): readonly [string, number] {
  const [name, value, ...more] = Array.isArray(item) ? (item as readonly unknown[]) : [];
  if (typeof name === 'string' && typeof value === 'number' && more.length === 0) return [name, value];
  throw new ChainError({ code: 'MALFORMED', format: 'genesis', path }, `expected a name and an integer at ${path}`);
}

type PlainParameters = Omit<Parameters, 'moduleSettings'>;
const PARAMETER_NAMES = Object.keys(DEFAULT_PARAMETERS) as readonly (keyof Parameters)[];
const NUMBER_NAMES = PARAMETER_NAMES.filter((name) => name !== 'moduleSettings');
const GENESIS_MEMBERS = [
  'format',
  'name',
  'timeMs',
  'moduleId',
  'policies',
  'parameters',
  'sources',
  'authorities',
  'recoveryKeys',
  'recoveryThreshold',
] as const;
