/** The part of a source's gateway that owners order something of: real messages, no ledger of its own. */
import {
  createErasureNote,
  decodeOwnerRequest,
  type ErasureNote,
  type OwnerOrder,
  type OwnerReply,
  sealErasureNote,
  sealOwnerReply,
  verifyOwnerRequest,
} from '@radledger/handover';
import { type Signer, toHex } from '@radledger/primitives';

type Standing = Omit<OwnerReply, 'source' | 'studyId' | 'issuedAtMs' | 'keysLeft'>;
type AcceptedKeys = Extract<OwnerOrder, { readonly kind: 'leave-keys' }>['prekeys'];

/** What it holds of its one standing link, for tests to look at and to change. */
export interface FakeDesk {
  standing: Standing;
  /** Keys left and not used, in the order in which they came. */
  keys: AcceptedKeys;
  /** Orders that were carried out, oldest first. */
  readonly orders: readonly OwnerOrder[];
  /** Studies that were erased, by hex of their id: nothing else is answered of them. */
  readonly erased: Map<string, ErasureNote>;
  /** What was left in mailboxes that are open, by hex of their id. */
  readonly mailboxes: Map<string, Uint8Array | undefined>;
}

export function createFakeDesk(options: { chainId: Uint8Array; signer: Signer }): FakeDesk & {
  /** @param ownerOf - the key that may order for a study */
  answer(
    requestBytes: Uint8Array,
    isOwner: (studyId: Uint8Array, key: Uint8Array) => Promise<boolean>,
  ): Promise<Uint8Array | undefined>;
  /** The sealed note of a study that was erased. */
  answerErased(
    requestBytes: Uint8Array,
    isOwner: (studyId: Uint8Array, key: Uint8Array) => Promise<boolean>,
  ): Promise<Uint8Array | undefined>;
} {
  const { chainId, signer } = options;
  const orders: OwnerOrder[] = [];
  const mailboxes = new Map<string, Uint8Array | undefined>();
  const erased = new Map<string, ErasureNote>();
  const desk: ReturnType<typeof createFakeDesk> = {
    standing: { link: 'none', replacement: undefined, published: [] },
    keys: [],
    orders,
    mailboxes,
    erased,
    async answer(requestBytes, isOwner) {
      const request = decodeOwnerRequest(requestBytes);
      await verifyOwnerRequest(request, { chainId, source: signer.publicKey, nowMs: Date.now() });
      if (erased.has(toHex(request.studyId)) || !(await isOwner(request.studyId, request.key))) return undefined;
      const { order } = request;
      orders.push(order);
      if (order.kind === 'leave-keys') {
        desk.keys = [...desk.keys, ...order.prekeys];
        desk.standing = { ...desk.standing, link: 'active' };
      }
      if (order.kind === 'end-link') {
        desk.keys = [];
        desk.standing = { ...desk.standing, link: 'ended' };
      }
      if (order.kind === 'stop-replacement') desk.standing = { ...desk.standing, replacement: undefined };
      if (order.kind === 'open-mailbox') mailboxes.set(toHex(order.mailboxId), undefined);
      const reply = { ...desk.standing, keysLeft: desk.keys.length, issuedAtMs: Date.now() };
      return sealOwnerReply({ request, reply, signer });
    },
    async answerErased(requestBytes, isOwner) {
      const request = decodeOwnerRequest(requestBytes);
      await verifyOwnerRequest(request, { chainId, source: signer.publicKey, nowMs: Date.now() });
      const note = erased.get(toHex(request.studyId));
      if (note === undefined || !(await isOwner(request.studyId, request.key))) return undefined;
      return sealErasureNote(request, await createErasureNote(note, signer));
    },
  };
  return desk;
}
