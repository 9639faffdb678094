/** Tells watchers of a thing what it is now, and again after each change. */

export interface ChangeWatch {
  /** Wakes whoever watches this. */
  changed(key: string): void;
  /** What `read` says now and after each change; changes while the reader is busy are told once. Ends when a signal aborts. */
  watch<T>(key: string, read: () => Promise<T>, signals: readonly AbortSignal[]): AsyncIterable<T>;
}

export function createChangeWatch(): ChangeWatch {
  const watchers = new Map<string, Set<() => void>>();
  return {
    changed(key) {
      for (const wake of watchers.get(key) ?? []) wake();
    },

    async *watch(key, read, signals) {
      const woken = watchers.get(key) ?? new Set<() => void>();
      watchers.set(key, woken);
      let isChanged = true;
      let wake = (): void => undefined;
      const hear = (): void => {
        isChanged = true;
        wake();
      };
      const isOver = (): boolean => signals.some(({ aborted }) => aborted);
      woken.add(hear);
      for (const signal of signals) signal.addEventListener('abort', hear, { once: true });
      try {
        while (!isOver()) {
          isChanged = false;
          yield await read();
          if (!isChanged) {
            await new Promise<void>((resolve) => {
              wake = resolve;
              if (isChanged || isOver()) resolve();
            });
          }
        }
      } finally {
        woken.delete(hear);
        if (woken.size === 0) watchers.delete(key);
        for (const signal of signals) signal.removeEventListener('abort', hear);
      }
    },
  };
}
