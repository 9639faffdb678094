/** Names that could pass for those she knows already, within one alphabet: Dr Rivera and Dr R1vera, Clinic and Clinlc, City  Hospital. */
import { toHex } from '@radledger/primitives';
import type { Origin } from './session.js';
import type { Shelf } from './shelf.js';

/** Letters that look like another one, or like two, in the type of a phone. */
const ALIKE: readonly (readonly [RegExp, string])[] = [
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/cl/g, 'd'],
  [/[1i|!]/g, 'l'],
  [/0/g, 'o'],
  [/5/g, 's'],
  [/8/g, 'b'],
  [/2/g, 'z'],
  [/9/g, 'g'],
];

/** What of a name the eye keeps: no accents, no spaces, no punctuation, letters that look alike as one. */
function shapeOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}|!]/gu, '');
  return ALIKE.reduce((shape, [letters, as]) => shape.replace(letters, as), plain);
}

/**
 * The name of somebody she let in before, or of a hospital of hers, that whoever asks now could be taken for: the same name or one that looks
 * like it, from another place. Undefined when there is none.
 */
export function knownLike(
  { people, studies }: Pick<Shelf, 'people' | 'studies'>,
  recipientKey: Uint8Array,
  { displayName, who, proven }: Pick<Origin, 'displayName' | 'who' | 'proven'>,
): string | undefined {
  const shape = shapeOf(displayName || who);
  const others = people.filter(({ id }) => id !== toHex(recipientKey)).map(({ name }) => name);
  // A hospital that the network names is itself.
  const itself = proven.kind === 'source' ? proven.name : undefined;
  const hospitals = studies.map(({ hospital }) => hospital).filter((name) => name !== itself);
  return [...others, ...hospitals].find((name) => name !== undefined && shapeOf(name) === shape);
}
