/** Who acts for whom, and whose images they are: agreed on by two links. Loaded when it is used. */
import {
  encodeRoleAnswerLink,
  encodeRoleOfferLink,
  type Role,
  type RoleAnswer,
  type RoleOffer,
  readRoleAnswerLink,
  readRoleOfferLink,
} from '@radledger/handover';
import { toHex } from '@radledger/primitives';
import { roleAnswerWords, WalletError } from '@radledger/wallet';
import type { Expected } from './requests.js';
import type { Session } from './session.js';
import type { Study } from './shelf.js';

export type RoleArrival =
  | { readonly name: 'role-offer'; readonly offer: RoleOffer }
  | {
      readonly name: 'role-answer';
      readonly answer: RoleAnswer;
      /** Four words; the other phone shows them too. */
      readonly words: string;
    };

/** @throws {HandoverError} */
export async function readRoleArrival(link: string, expected: Expected): Promise<RoleArrival> {
  if (/(^|#)o=/.test(link.trim())) return { name: 'role-offer', offer: readRoleOfferLink(link, expected) };
  const { answerBytes, ...answer } = await readRoleAnswerLink(link, expected);
  return { name: 'role-answer', answer, words: roleAnswerWords(answerBytes) };
}

/** What she asks of somebody, as a link. */
export async function offerRole(
  session: Session,
  input: { readonly role: Role; readonly displayName: string; readonly studies: readonly Study[] },
): Promise<string> {
  const { role, displayName, studies } = input;
  const studyIds = studies.map(({ studyId }) => studyId);
  return encodeRoleOfferLink(await session.wallet().offerRole({ role, displayName, studyIds }), pageUrl());
}

/** Agrees to what somebody asks: a link, and four words to compare. */
export async function answerOffer(
  session: Session,
  input: { readonly offer: RoleOffer; readonly displayName: string },
): Promise<{ readonly link: string; readonly words: string }> {
  const answerBytes = await session.wallet().answerOffer(input);
  return { link: encodeRoleAnswerLink(answerBytes, pageUrl()), words: roleAnswerWords(answerBytes) };
}

/** Shows the profile whose studies an answer is for. @returns their ids @throws {WalletError} `ACCEPTANCE_MISMATCH` when they are nobody's here */
export async function showStudiesOf(session: Session, answer: RoleAnswer): Promise<ReadonlySet<string>> {
  const ids = answer.studies.map(({ studyId }) => toHex(studyId));
  for (const { id: profileId } of session.getState().profiles) {
    const own = new Set(
      session
        .wallet(profileId)
        .lastOverview()
        ?.studies.map(({ studyId }) => toHex(studyId)),
    );
    if (!ids.every((id) => own.has(id))) continue;
    await session.switchTo(profileId);
    return new Set(ids);
  }
  throw new WalletError({ code: 'ACCEPTANCE_MISMATCH', field: 'studyId' }, 'nobody here owns these studies');
}

/** Lets somebody act for her, or hands studies over, as their answer says. Written down first, so that nothing of it is lost. */
export async function giveRole(session: Session, answer: RoleAnswer, notAfterMs: number): Promise<void> {
  session.checkConfirmed();
  await session.wallet().queueRole({ answer, notAfterMs });
  await session.refresh();
  await session.catchUp();
}

/** Nobody acts for her in these studies any more: written down first, sent before everything else. */
export async function endActing(session: Session, studies: readonly Study[]): Promise<void> {
  const wallet = session.wallet();
  for (const { studyId } of studies) await wallet.queueEndDelegate(studyId);
  await session.refresh();
  await session.catchUp();
}

/** Looks for permissions that others gave in her name. */
export async function findGrants(session: Session): Promise<void> {
  await session.wallet().findGrants();
  await session.refresh();
}

function pageUrl(): string {
  return `${window.location.origin}${window.location.pathname}`;
}
