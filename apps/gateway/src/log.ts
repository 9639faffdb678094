/** Logs that cannot hold patient data: of an error only what this project's own code wrote, never the text of a foreign one. */
import { CodedError } from '@radledger/primitives';
import { pino, type Logger } from 'pino';

/** JSON lines on stderr; stdout belongs to the one line that says where the gateway listens. */
export function createLogger(level: string): Logger {
  return pino({ level, timestamp: pino.stdTimeFunctions.isoTime, base: null }, pino.destination(2));
}

/** What a log may say about a failure. */
export function describeFailure(error: unknown): Record<string, unknown> {
  if (error instanceof CodedError) {
    const { name, message, cause } = error as CodedError<{ readonly code: string }>;
    const because = cause instanceof CodedError ? { because: cause.message } : {};
    return { error: name, reason: message, ...because };
  }
  if (!(error instanceof Error)) return { error: typeof error };
  const code = (error as { code?: unknown }).code;
  // The frames without the message above them: the message may quote a path or a value.
  const frames = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8);
  return { error: error.name, ...(typeof code === 'string' ? { reason: code } : {}), frames };
}
