/** Reads a text/event-stream one event at a time. */
export interface StreamEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface EventReader {
  /** The next event that fits; events before it are passed over. */
  next(fits?: (event: StreamEvent) => boolean): Promise<StreamEvent>;
  /** Resolves when the server ends the stream. */
  readonly ended: Promise<void>;
  close(): void;
}

export async function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  if (!response.ok || !response.body) throw new Error(`expected a stream, got ${response.status}`);
  const arrived: StreamEvent[] = [];
  let wake: (() => void) | undefined;
  let isOver = false;
  const ended = pump(response.body).catch(() => undefined);
  void ended.then(() => {
    isOver = true;
    wake?.();
  });

  async function pump(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const field = (name: string): string | undefined =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        arrived.push({
          event: field('event') ?? 'message',
          id: field('id'),
          data: JSON.parse(field('data') ?? 'null'),
        });
        wake?.();
      }
    }
  }
  return {
    async next(fits = () => true) {
      for (;;) {
        for (let event = arrived.shift(); event; event = arrived.shift()) if (fits(event)) return event;
        if (isOver) throw new Error('the stream ended');
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    ended,
    close: () => abort.abort(),
  };
}
