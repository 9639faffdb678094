/** Nodes that show a phone a ledger on which nobody has anything, as if that were proven. */
import type { Phone } from './phone.js';

interface StateAnswer {
  readonly parts: readonly { readonly cells: readonly unknown[]; readonly changed?: readonly unknown[] }[];
}

export interface LyingNodes {
  /** How often each was asked for the state since they began, by address. */
  readonly asked: ReadonlyMap<string, number>;
}

/** From now on, until `phone.reconnect()`. */
export async function lieTo(phone: Phone, apis: readonly string[]): Promise<LyingNodes> {
  const asked = new Map<string, number>();
  const isState = ({ origin, pathname }: URL): boolean => apis.includes(origin) && pathname.startsWith('/v1/state');
  await phone.context.route(isState, async (route) => {
    if (route.request().method() !== 'GET') return route.fallback();
    const { origin } = new URL(route.request().url());
    asked.set(origin, (asked.get(origin) ?? 0) + 1);
    const response = await route.fetch();
    const answer = (await response.json()) as StateAnswer;
    const parts = answer.parts.map((part) => ({ ...part, cells: [], ...(part.changed && { changed: [] }) }));
    return route.fulfill({ response, json: { ...answer, parts } });
  });
  return { asked };
}
