/** What a ledger tells the world while it runs. */

export type LedgerEvent =
  | {
      readonly type: 'finalized';
      readonly height: number;
      readonly id: Uint8Array;
      readonly timestampMs: number;
      readonly stateRoot: Uint8Array;
    }
  | { readonly type: 'seen'; readonly txId: Uint8Array; readonly transaction: Uint8Array }
  | { readonly type: 'refused'; readonly txId: Uint8Array; readonly rule: string }
  | { readonly type: 'voting'; readonly allowed: boolean; readonly reason: string | null }
  | { readonly type: 'failed'; readonly error: Error }
  | { readonly type: 'closed' };

export type LedgerEventListener = (event: LedgerEvent) => void;

export interface EventHub {
  /** Listens from now on; the result stops listening. A listener that throws is reported and stays. */
  subscribe(listener: LedgerEventListener): () => void;
  emit(event: LedgerEvent): void;
}

export function createEventHub(onListenerError: (error: unknown) => void): EventHub {
  const listeners = new Set<LedgerEventListener>();
  return {
    subscribe(listener) {
      const own: LedgerEventListener = (event) => listener(event); // equal functions may listen twice
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    emit(event) {
      for (const listener of [...listeners]) {
        try {
          listener(event);
        } catch (error) {
          onListenerError(error);
        }
      }
    },
  };
}
