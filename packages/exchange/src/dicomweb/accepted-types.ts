/** Content negotiation as far as there is something to choose: nothing is ever converted. */
import { parseContentType } from '@radledger/multipart';

/** Whether an Accept header lets this type through; an absent one does. */
export function accepts(header: string | undefined, mediaType: string): boolean {
  return rangesOf(header).some((range) => covers(range.mediaType, mediaType));
}

/** Whether it lets instances through as they are stored: by `transfer-syntax=*`, by naming each syntax, or by naming none. */
export function acceptsStored(header: string | undefined, transferSyntaxUids: Iterable<string>): boolean {
  const wanted = rangesOf(header)
    .filter(({ mediaType, parameters }) => {
      const type = parameters.get('type');
      return covers(mediaType, 'multipart/related') && (type === undefined || type === 'application/dicom');
    })
    .map(({ parameters }) => parameters.get('transfer-syntax') ?? '*');
  return wanted.includes('*') || (wanted.length > 0 && [...transferSyntaxUids].every((uid) => wanted.includes(uid)));
}

function rangesOf(header = '*/*') {
  const ranges = header.match(/(?:[^,"]|"(?:\\.|[^"\\])*")+/g) ?? [];
  return ranges.slice(0, 32).flatMap((range) => parseContentType(range) ?? []);
}

function covers(range: string, mediaType: string): boolean {
  return range === '*/*' || range === mediaType || (range.endsWith('/*') && mediaType.startsWith(range.slice(0, -1)));
}
