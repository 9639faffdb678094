/** What a phone sends to the ledger once it is online again, in what order, while not everything gets through. */
import { decodeTransaction } from '@radledger/transactions';
import type { Phone } from './phone.js';

export interface Sent {
  /** Kinds of the transactions that were tried and did not get through, in that order. */
  readonly lost: readonly string[];
  /** Of those that did. */
  readonly arrived: readonly string[];
  /** Requests of any kind that did not get through. */
  failed(): number;
}

/** Fails the first requests of the phone to these addresses, and after them the first transactions. */
export async function loseAtFirst(
  phone: Phone,
  chainId: Uint8Array,
  losses: { readonly origins: readonly string[]; readonly requests: number; readonly transactions: number },
): Promise<Sent> {
  const lost: string[] = [];
  const arrived: string[] = [];
  let failed = 0;
  await phone.context.route(
    ({ origin }) => losses.origins.includes(origin),
    (route) => {
      const request = route.request();
      const isSubmit = request.method() === 'POST' && new URL(request.url()).pathname === '/v1/transactions';
      const isLost = failed < losses.requests || (isSubmit && lost.length < losses.transactions);
      failed += Number(isLost);
      if (isSubmit) {
        const { transaction } = decodeTransaction(new Uint8Array(request.postDataBuffer() ?? []), chainId);
        (isLost ? lost : arrived).push(transaction.kind);
      }
      return isLost ? route.abort() : route.fallback();
    },
  );
  return { lost, arrived, failed: () => failed };
}
