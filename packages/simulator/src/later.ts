/** A promise-like that settles when virtual time says so and calls back at once: no microtask, so no hidden order. */
export class Later<T> implements PromiseLike<T> {
  private callback: ((value: T) => unknown) | undefined;

  // biome-ignore lint/suspicious/noThenProperty: the host's ports accept promise-likes
  then<R = T>(callback?: ((value: T) => R | PromiseLike<R>) | null): PromiseLike<R> {
    const chained = new Later<R>();
    this.callback = (value) => {
      const result = callback ? callback(value) : (value as unknown as R);
      chained.resolve(result as R);
    };
    return chained;
  }

  resolve(value: T): void {
    this.callback?.(value);
  }
}
