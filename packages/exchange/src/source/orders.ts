/** The orders that a hospital's systems told of, sealed until their time is over. Spec: docs/spec/exchange-records.md, section 3. */
import type { Accession, Order, OrderNotice, StudySummary } from '@radledger/imaging';
import { encodeWith, equalBytes, type Infer, literal, optional, struct, text, uint } from '@radledger/primitives';
import { ExchangeError } from '../errors.js';
import { type ExchangeStore, put, type RecordKind, remove } from '../exchange-store.js';

const DAY_MS = 86_400_000;
/** Most orders kept: some weeks of a very large hospital. */
const ORDERS_MAX = 100_000;
/** How far ahead an order may be and still be kept until then. */
const AHEAD_MS_MAX = 400 * DAY_MS;

const line = text({ max: 256 });
export const orderSchema = struct({
  format: literal(1),
  accession: optional(struct({ number: line, issuer: optional(line) })),
  studyInstanceUid: optional(text({ max: 64 })),
  patient: struct({ name: line, id: line, birthDate: optional(text({ max: 10 })) }),
  description: line,
  modality: optional(text({ max: 16 })),
  scheduledAt: optional(text({ max: 16 })),
  /** When an origin last gave it, to the day. */
  seenAtMs: uint(),
});
export type OrderRecord = Infer<typeof orderSchema>;
const orderRecords: RecordKind<OrderRecord> = { name: 'order', schema: orderSchema, bytesMax: 4_096 };

export interface OrdersOptions {
  readonly store: ExchangeStore;
  readonly now: () => number;
  /** Whose accession numbers those are that name no issuer, of orders and of studies; default nobody's. */
  readonly issuer: string | undefined;
  /** How long an order is kept after it was last given, and after it was to take place, in ms. */
  readonly keepMs: number;
}

export interface Orders {
  /** Resolves when it is on disk. Only one at a time. @throws {ExchangeError} `TOO_MANY_ORDERS` */
  take(notice: OrderNotice): Promise<void>;
  /** Erases those whose time is over. */
  forgetOld(): Promise<void>;
  forgetAll(): Promise<void>;
  readonly size: number;
  /** What is kept now, to be joined with studies: by Study Instance UID, and by accession number and issuer. */
  index(): OrderIndex;
}

export interface OrderIndex {
  of(study: StudySummary): readonly Order[];
  /** Orders that no study asked for so far has. */
  left(): readonly Order[];
}

export async function openOrders({ store, now, issuer, keepMs }: OrdersOptions): Promise<Orders> {
  const kept = new Map((await store.list(orderRecords)).map(({ id, value }) => [id, value]));

  const withIssuer = (accession: Accession | undefined): Accession | undefined =>
    accession === undefined ? undefined : { number: accession.number, issuer: accession.issuer ?? issuer };

  const idOf = ({ accession, studyInstanceUid }: Pick<Order, 'accession' | 'studyInstanceUid'>): string =>
    store.pseudonymOf(accession === undefined ? `order ${studyInstanceUid}` : `order ${keyOf(accession)}`);

  const erase = async (ids: readonly string[]): Promise<void> => {
    await store.commit(ids.map((id) => remove(orderRecords, id)));
    for (const id of ids) kept.delete(id);
  };

  return {
    get size() {
      return kept.size;
    },
    async take({ order, isCancelled }) {
      const accession = withIssuer(order.accession);
      const id = idOf({ ...order, accession });
      const before = kept.get(id);
      if (isCancelled) return before === undefined ? undefined : erase([id]);
      if (before === undefined && kept.size >= ORDERS_MAX) {
        throw new ExchangeError({ code: 'TOO_MANY_ORDERS' }, `expected at most ${ORDERS_MAX} orders at a time`);
      }
      // One origin may know the study where another does not.
      const studyInstanceUid = order.studyInstanceUid ?? before?.studyInstanceUid;
      const record: OrderRecord = { ...order, format: 1, accession, studyInstanceUid, seenAtMs: now() };
      // Worklists give the same again at each look.
      if (before !== undefined && now() - before.seenAtMs < DAY_MS && isSame(record, before)) return;
      await store.commit([put(orderRecords, id, record)]);
      kept.set(id, record);
    },
    async forgetOld() {
      await erase([...kept].filter(([, record]) => lastMsOf(record) + keepMs < now()).map(([id]) => id));
    },
    forgetAll: () => erase([...kept.keys()]),
    index: () => indexOf([...kept.values()], withIssuer),
  };
}

function indexOf(
  orders: readonly OrderRecord[],
  withIssuer: (accession: Accession | undefined) => Accession | undefined,
): OrderIndex {
  const byStudy = new Map<string, OrderRecord[]>();
  const byAccession = new Map<string, OrderRecord>();
  for (const order of orders) {
    const { accession, studyInstanceUid } = order;
    if (accession !== undefined) byAccession.set(keyOf(accession), order);
    if (studyInstanceUid === undefined) continue;
    const others = byStudy.get(studyInstanceUid);
    if (others === undefined) byStudy.set(studyInstanceUid, [order]);
    else others.push(order);
  }
  const left = new Set(orders);
  return {
    of({ studyInstanceUid, accession }) {
      const found = new Set(byStudy.get(studyInstanceUid));
      const numbered = accession === undefined ? undefined : byAccession.get(keyOf(withIssuer(accession) ?? accession));
      // One that names a study of its own is of no other.
      if (numbered !== undefined && (numbered.studyInstanceUid ?? studyInstanceUid) === studyInstanceUid) {
        found.add(numbered);
      }
      for (const order of found) left.delete(order);
      return [...found];
    },
    left: () => [...left],
  };
}

/** Nothing is guessed: a number of no issuer is another than the same of some issuer. */
function keyOf({ number, issuer }: Accession): string {
  return JSON.stringify([issuer ?? null, number]);
}

function lastMsOf({ seenAtMs, scheduledAt }: OrderRecord): number {
  const dayMs = scheduledAt === undefined ? 0 : Date.parse(`${scheduledAt.slice(0, 10)}T00:00Z`);
  return Math.max(seenAtMs, Math.min(dayMs, seenAtMs + AHEAD_MS_MAX));
}

function isSame(record: OrderRecord, before: OrderRecord): boolean {
  const { seenAtMs } = before;
  return equalBytes(encodeWith(orderSchema, { ...record, seenAtMs }), encodeWith(orderSchema, before));
}
