/**
 * Does work at once and then again and again, never twice at a time.
 * @param intervalMs - from the end of one to the start of the next
 */
export function createRepeated(
  work: () => Promise<void>,
  intervalMs: number,
  onFailure: (error: unknown) => void,
): { close(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let running: Promise<void>;
  const turn = (): void => {
    running = work()
      .catch(onFailure)
      .then(() => {
        if (!isClosed) timer = setTimeout(turn, intervalMs);
      });
  };
  turn();
  return {
    /** Resolves when the work that runs has ended. */
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
