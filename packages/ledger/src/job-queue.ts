/** Runs asynchronous jobs one after another, in the order of the calls; a job that fails does not stop the next. */
export function createJobQueue(): <T>(job: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const result = last.then(job);
    last = result.catch(() => undefined);
    return result;
  };
}
