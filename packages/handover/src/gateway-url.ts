import { HandoverError } from './errors.js';

/** Longest API address in a link, in characters (all ASCII). */
export const GATEWAY_URL_LENGTH_MAX = 256;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Checks the address of a gateway's browser API as it stands in links: `https`, or `http` on a loopback host; no user
 * name, query, fragment or trailing slash; written exactly as the URL standard serialises it, so that one gateway has
 * one spelling and signatures over it cannot be confused.
 * @returns the address unchanged
 * @throws {HandoverError} `URL_REFUSED`
 */
export function validateGatewayUrl(text: string): string {
  if (text.length > GATEWAY_URL_LENGTH_MAX) throw refused('at most 256 characters');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused('must be an absolute URL');
  }
  const loopback = url.protocol === 'http:' && LOOPBACK.has(url.hostname);
  if (url.protocol !== 'https:' && !loopback) throw refused('must be https (http only on loopback)');
  if (url.username !== '' || url.password !== '') throw refused('must not carry a user name');
  if (/[?#]/.test(text)) throw refused('must not carry a query or fragment');
  const written = url.href.endsWith('/') ? url.href.slice(0, -1) : url.href;
  if (text !== written) throw refused('must be normalised, without a trailing slash');
  return text;
}

function refused(rule: string): HandoverError {
  return new HandoverError({ code: 'URL_REFUSED', rule }, `gateway address refused: ${rule}`);
}
