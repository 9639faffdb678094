/** Rules for the texts of a source's directory entry. Spec: docs/spec/transactions.md, section 4. */
import { TransactionError } from './errors.js';

/** Longest name of a source, in bytes of UTF-8. */
export const SOURCE_NAME_BYTES_MAX = 64;
/** Longest base URL, in bytes. */
export const BASE_URL_BYTES_MAX = 256;

// Every code point here is assigned since Unicode 5.1 or earlier, so NFKC gives the same answer on every platform for
// ever (Unicode stability policy). A table that followed the platform's Unicode version could split the chain.
const NAME_CHARACTERS =
  /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u02af\u0300-\u034e\u0350-\u036f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u0482\u048a-\u0513\u0531-\u0556\u0561-\u0587\u05d0-\u05ea\u0621-\u063a\u0641-\u064a\u0660-\u0669\u066e-\u06d3\u0904-\u0939\u093c-\u094d\u0966-\u096f\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59\u10d0-\u10fa\u1e00-\u1eff\u2013\u2014\u2018\u2019\u201c\u201d\u3005\u3041-\u3096\u309d\u309e\u30a1-\u30fa\u30fc-\u30fe\u4e00-\u9fa5\uac00-\ud7a3]+$/u;

/** @throws {TransactionError} `NAME_INVALID` */
export function validateSourceName(name: string): void {
  const valid =
    NAME_CHARACTERS.test(name) && name === name.trim() && !name.includes('  ') && name.normalize('NFKC') === name;
  if (!valid) {
    throw new TransactionError(
      { code: 'NAME_INVALID' },
      'expected a name of 1 to 64 bytes in NFKC, of the letters, digits and signs of the specification, without outer or double spaces',
    );
  }
}

// An own grammar: the URL parsers of platforms differ and change.
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
const IPV6_LITERAL = /^\[[0-9a-f:]{2,39}\]$/;
const BASE_URL = /^https:\/\/(\[[^\]/]*\]|[^/:[\]]+)(?::([1-9][0-9]{0,4}))?((?:\/[A-Za-z0-9._~-]+)*)$/;

/**
 * `https`, a lower-case host, an optional port, path segments of unreserved characters and no slash at the end.
 * @throws {TransactionError} `BASE_URL_INVALID`
 */
export function validateBaseUrl(baseUrl: string): void {
  const match = BASE_URL.exec(baseUrl);
  const [, host = '', port = '443', path = ''] = match ?? [];
  const valid =
    match !== null &&
    (HOST_NAME.test(host) || IPV6_LITERAL.test(host)) &&
    Number(port) <= 65_535 &&
    !path.split('/').some((segment) => segment === '.' || segment === '..');
  if (!valid) {
    throw new TransactionError(
      { code: 'BASE_URL_INVALID' },
      'expected https://host[:port][/path] in lower-case host, unreserved path characters, no query, no slash at the end',
    );
  }
}
