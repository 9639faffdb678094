/**
 * A trigger for work that catches up with everything when it runs: calls during a run lead to one more run, not to a queue.
 */
export function createCoalesced(work: () => Promise<void>, onFailure: (error: unknown) => void) {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await work().catch(onFailure);
    } while (again);
    running = undefined;
  };
  return {
    trigger(): void {
      if (running === undefined) running = run();
      else again = true;
    },
    /** Resolves when nothing runs. */
    async idle(): Promise<void> {
      await running;
    },
  };
}
