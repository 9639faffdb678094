/**
 * Waits for all, also when one fails: a process that is still starting can only be ended once it runs.
 * @returns the results in their order
 * @throws the first failure
 */
export async function allSettled<T>(work: Iterable<Promise<T>>): Promise<T[]> {
  const outcomes = await Promise.allSettled(work);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}
