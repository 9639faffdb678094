/** Media types with parameters. Source: RFC 9110, section 5.6.6 and 8.3; RFC 2045, section 5.1. */

export interface ContentType {
  /** Lower case: `multipart/related`. */
  readonly mediaType: string;
  /** Names in lower case, values after unquoting. A repeated name makes the whole value unreadable. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const MEDIA_TYPE = /[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*/y;
// What senders leave unquoted goes beyond a token: boundaries such as uuid:1+id=2, start=<root@example>.
const BARE_VALUE = /[^;"\s,][^;"\s]*/y;
const LENGTH_MAX = 4096;

/**
 * Reads a Content-Type with a real quoted-string parser: `start-info="application/soap+xml;action=\"urn:x\""` is one
 * parameter.
 * @returns undefined when it is not a media type, repeats a parameter, or is longer than 4096 characters
 */
export function parseContentType(value: string): ContentType | undefined {
  if (value.length > LENGTH_MAX) return undefined;
  MEDIA_TYPE.lastIndex = 0;
  const head = MEDIA_TYPE.exec(value);
  const mediaType = head?.[1];
  if (mediaType === undefined) return undefined;
  const parameters = new Map<string, string>();
  let at = MEDIA_TYPE.lastIndex;
  while (at < value.length) {
    if (value[at] !== ';') return undefined;
    at = skipSpace(value, at + 1);
    if (at === value.length || value[at] === ';') continue; // an empty parameter, as some stacks leave behind
    TOKEN.lastIndex = at;
    const name = TOKEN.exec(value)?.[0].toLowerCase();
    if (name === undefined) return undefined;
    at = skipSpace(value, TOKEN.lastIndex);
    if (value[at] !== '=') return undefined;
    const read = readValue(value, skipSpace(value, at + 1));
    if (read === undefined || parameters.has(name)) return undefined;
    parameters.set(name, read.text);
    at = skipSpace(value, read.end);
  }
  return { mediaType: mediaType.toLowerCase(), parameters };
}

function readValue(value: string, at: number): { text: string; end: number } | undefined {
  if (value[at] !== '"') {
    BARE_VALUE.lastIndex = at;
    const text = BARE_VALUE.exec(value)?.[0];
    return text === undefined ? undefined : { text, end: BARE_VALUE.lastIndex };
  }
  let text = '';
  for (let i = at + 1; i < value.length; i++) {
    const character = value[i];
    if (character === '"') return { text, end: i + 1 };
    if (character === '\\') i++;
    text += value[i] ?? '';
  }
  return undefined;
}

function skipSpace(value: string, from: number): number {
  let at = from;
  while (value[at] === ' ' || value[at] === '\t') at++;
  return at;
}
