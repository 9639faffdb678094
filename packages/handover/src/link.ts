import { base64urlnopad } from '@scure/base';
import { HandoverError } from './errors.js';

/** Longest link or fragment that is looked at, in characters. */
export const LINK_LENGTH_MAX = 4096;

/** Invitation, image request, mailbox, role offer, role answer. */
export type LinkName = 'i' | 'r' | 'm' | 'o' | 'a';

/** Puts a message behind `#<name>=` of a page; the part after `#` never leaves the browser. */
export function writeLink(pageUrl: string, name: LinkName, message: Uint8Array): string {
  if (pageUrl.includes('#'))
    throw new HandoverError({ code: 'URL_REFUSED', rule: 'no fragment' }, 'page has a fragment');
  return `${pageUrl}#${name}=${base64urlnopad.encode(message)}`;
}

/**
 * Reads the message of a link, of its fragment with or without `#`, or of the bare base64url text. Strict base64url
 * (RFC 4648 section 5) without padding.
 * @throws {HandoverError} `MALFORMED_LINK`
 */
export function readLink(link: string, name: LinkName): Uint8Array {
  const malformed = (cause?: unknown) =>
    new HandoverError({ code: 'MALFORMED_LINK' }, `expected a link that ends in #${name}=...`, { cause });
  const trimmed = link.trim();
  if (trimmed.length > LINK_LENGTH_MAX) throw malformed();
  const afterHash = trimmed.slice(trimmed.indexOf('#') + 1);
  const prefix = `${name}=`;
  if (!afterHash.startsWith(prefix) && (trimmed.includes('#') || trimmed.includes('='))) throw malformed();
  const encoded = afterHash.startsWith(prefix) ? afterHash.slice(prefix.length) : afterHash;
  if (encoded === '') throw malformed();
  try {
    return base64urlnopad.decode(encoded);
  } catch (cause) {
    throw malformed(cause);
  }
}
