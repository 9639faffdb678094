/** Looks at the origins of orders; what one of them cannot do, or takes long for, keeps no other from its own. */
import type { OrderOrigin } from '@radledger/imaging';
import { CodedError } from '@radledger/primitives';
import type { KeyedLock } from '../keyed-lock.js';
import type { Orders } from './orders.js';

/** How an origin does; holds no patient data. */
export interface OrderOriginState {
  readonly name: string;
  /** End of the last look, Unix ms; undefined before the first. */
  readonly lookedAtMs: number | undefined;
  /** Why the last look failed, or why the first order that it refused was; undefined when all went well. */
  readonly code: string | undefined;
  /** What the code leaves open: the system's code, a rule, a DIMSE status. */
  readonly reason: string | undefined;
  /** Orders refused since the start. */
  readonly refused: number;
}

export interface OrderLookOptions {
  /** Each with a name of its own. */
  readonly origins: readonly OrderOrigin[];
  readonly orders: Orders;
  readonly lock: KeyedLock;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
}

export function createOrderLook({ origins, orders, lock, now, onFailure }: OrderLookOptions) {
  const states = new Map<string, OrderOriginState>(
    origins.map(({ name }) => [name, { name, lookedAtMs: undefined, code: undefined, reason: undefined, refused: 0 }]),
  );

  const alone = <T>(work: () => Promise<T>): Promise<T> => lock('orders', work);

  const lookAt = async (origin: OrderOrigin): Promise<void> => {
    const { name } = origin;
    const refusedBefore = states.get(name)?.refused ?? 0;
    try {
      const { refused, code } = await origin.look((notice) => alone(() => orders.take(notice)));
      states.set(name, { name, lookedAtMs: now(), code, reason: undefined, refused: refusedBefore + refused });
    } catch (error) {
      onFailure(error);
      states.set(name, { name, lookedAtMs: now(), ...failureOf(error), refused: refusedBefore });
    }
  };

  return {
    get states(): readonly OrderOriginState[] {
      return [...states.values()];
    },
    /** Looks once at the origin of this name, else at each; never throws for an origin. */
    async look(name?: string): Promise<void> {
      const wanted = origins.filter((origin) => name === undefined || origin.name === name);
      await Promise.all(wanted.map((origin) => lock(`orders/${origin.name}`, () => lookAt(origin))));
      await alone(() => orders.forgetOld());
    },
  };
}

function failureOf(error: unknown): Pick<OrderOriginState, 'code' | 'reason'> {
  if (!(error instanceof CodedError)) return { code: 'UNKNOWN', reason: undefined };
  const { code, info } = error as CodedError<{ readonly code: string }>;
  const { reason, rule, status, systemCode } = info as Readonly<Record<string, unknown>>;
  const detail = [reason, rule, status, systemCode].find(
    (each) => typeof each === 'string' || typeof each === 'number',
  );
  return { code, reason: detail === undefined ? undefined : String(detail) };
}
