/** The part of a pino logger that a ledger uses; facts first, then prose. Facts never hold payloads. */
export interface LedgerLogger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const nothing = (): void => undefined;
export const silentLogger: LedgerLogger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
