/** Keeps secrets out of places where they would be shown: the process list, shell history, error messages. */
import { looksLikeWords } from '@radledger/wallet';
import { CliError } from './errors.js';

const SECRET_TEXT = /PRIVATE KEY-----|AGE-SECRET-KEY-|#i=/i;

/**
 * Refuses a command line that carries recovery words, a private key, or an invitation (whose link is a secret), before
 * anything else looks at it. The text is not repeated.
 * @throws {CliError} `SECRET_REFUSED`
 */
export function refuseSecrets(args: readonly string[]): void {
  const oneArgument = args.some((arg) => SECRET_TEXT.test(arg) || (/\s/.test(arg) && looksLikeWords(arg)));
  const spread = args.some((_, at) => args.length >= at + 6 && looksLikeWords(args.slice(at, at + 6).join(' ')));
  if (!oneArgument && !spread) return;
  throw new CliError(
    { code: 'SECRET_REFUSED' },
    'the command line holds a secret (recovery words, a private key or an invitation link); other programs can see it there. Use a file, standard input or the prompt',
  );
}
