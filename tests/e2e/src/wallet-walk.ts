/** One way through every screen of the patient's app, in any of its languages. */
import type { Texts } from '@radledger/wallet-app/texts';
import { expect } from 'vitest';
import type { Phone } from './phone.js';

/** What a new phone shows: format 1 and a public key. */
const OFFER = `9201C420${'09'.repeat(32)}`;

export interface WalkLinks {
  readonly invitation: { readonly link: string; readonly code: string };
  readonly request: { readonly link: string };
  /** The name of the study that the invitation is for. */
  readonly label: string;
  /** On another device, with the words of the sheet. */
  readonly bringBackElsewhere: (words: string) => Promise<void>;
  /** The clinic that was let in fetches the images. */
  readonly clinicLooks: () => Promise<void>;
  /** To other images, and a request by somebody else for both. */
  readonly another: { readonly link: string; readonly code: string; readonly label: string };
  readonly anotherRequest: { readonly link: string };
  /** Somebody at the desk asks to replace her access to the other images. */
  readonly replaceAccess: () => Promise<void>;
}

/** @param visit - called on each screen, under its name */
export async function walk(
  phone: Phone,
  texts: Texts,
  links: WalkLinks,
  visit: (name: string) => Promise<void>,
): Promise<void> {
  const { page } = phone;
  const { invitation, request, label } = links;
  await phone.open(new URL('/', invitation.link).href);
  await phone.heading(texts.empty.title).waitFor();
  await visit('01-empty');
  await phone.press(texts.frame.lostPhone);
  await phone.press(texts.newPhone.open);
  await page.getByRole('img', { name: texts.newPhone.square }).waitFor();
  await visit('21-new-phone');
  await phone.press(texts.frame.back);
  await phone.press(texts.askHelpers.open);
  await phone.heading(texts.askHelpers.title).waitFor();
  await visit('22-ask-helpers');
  await phone.press(texts.scan.of(texts.askHelpers.first));
  await phone.heading(texts.scan.title).waitFor();
  const camera = page.locator('video.camera');
  await expect.poll(() => camera.evaluate((video) => (video as HTMLVideoElement).currentTime > 0)).toBe(true);
  await visit('54-scanner');
  await page.keyboard.press('Escape');
  await phone.press(texts.frame.back);
  await phone.press(texts.lost.sheet);
  await phone.heading(texts.restore.title).waitFor();
  await visit('19-bring-back');
  await phone.open(`${invitation.link.slice(0, -20)}`);
  await phone.heading(texts.troubles.linkUnreadable.title).waitFor();
  await visit('02-trouble');
  await phone.open(invitation.link);
  await phone.heading(texts.invitation.title('City Hospital')).waitFor();
  await visit('03-invitation');
  await phone.fill(texts.invitation.code, invitation.code === '123456' ? '123457' : '123456');
  await phone.press(texts.invitation.open);
  await phone.heading(texts.troubles.codeWrong.title).waitFor();
  await visit('55-wrong-code');
  await phone.fill(texts.invitation.code, invitation.code);
  await phone.press(texts.invitation.open);
  await page.getByText(texts.study.ready, { exact: true }).waitFor({ timeout: 60_000 });
  await visit('04-home');
  await phone.press(texts.study.details(label));
  await phone.heading(label).waitFor();
  await visit('05-study');
  await phone.press(texts.erased.wish);
  await phone.heading(texts.erased.wishAsk).waitFor();
  await visit('50-erase-wish');
  await phone.press(texts.erased.wishSend);
  await page.getByText(texts.erased.wishTold).waitFor();
  await phone.press(texts.study.share);
  await page.getByRole('img', { name: texts.share.square }).waitFor();
  await visit('06-share');
  await phone.press(texts.frame.back);
  await phone.press(texts.study.view);
  await page.getByRole('img', { name: texts.view.place(1, 1) }).waitFor({ timeout: 30_000 });
  await page.getByText(texts.view.loading).waitFor({ state: 'detached' });
  await visit('31-view');
  await phone.press(texts.frame.back);
  await phone.press(texts.study.copy);
  await phone.press(texts.copy.fetch);
  await page.getByText(texts.copy.ready).waitFor({ timeout: 30_000 });
  await visit('32-copy');
  await phone.press(texts.frame.back);
  await phone.press(texts.study.share);
  await phone.press(texts.share.paste);
  await phone.fill(texts.link.label, request.link);
  await visit('07-link');
  await phone.press(texts.link.open);
  await phone.button(texts.request.allow).waitFor();
  await visit('08-request');
  await phone.press(texts.request.change);
  await visit('09-request-day');
  await phone.press(texts.request.allow);
  await phone.button(texts.allowed.done).waitFor({ timeout: 60_000 });
  await visit('10-allowed');
  await phone.press(texts.allowed.done);
  await phone.heading(texts.home.canSee(1)).waitFor();
  await visit('11-home-shared');
  await links.clinicLooks();
  await page.reload();
  await phone.press(texts.locked.open);
  await phone.heading(texts.news.title).waitFor({ timeout: 20_000 });
  await visit('65-news');
  await phone.press(texts.stop.open);
  await phone.button(texts.stop.one('Dr. Rivera, Lakeside Orthopaedics')).waitFor();
  await visit('52-whom-to-stop');
  await phone.press(texts.frame.back);
  await phone.press(/^Dr\. Rivera, Lakeside Orthopaedics/);
  await phone.button(texts.person.stopAll).waitFor();
  await visit('12-person');
  await phone.press(texts.agreed.title);
  await phone.heading(texts.agreed.title).waitFor();
  await visit('53-what-she-agreed-to');
  await phone.press(texts.frame.back);
  await phone.press(texts.person.stopAll);
  await phone.heading(texts.person.ask).waitFor();
  await visit('13-stop');
  await phone.press(texts.person.stop);
  await phone.heading(texts.person.saw).waitFor({ timeout: 60_000 });
  await visit('14-stopped');
  await phone.press(texts.frame.back);
  await phone.press(texts.home.whoLooked);
  await phone.heading(texts.looked.title).waitFor();
  await page.getByText(texts.looked.youOpened(label)).waitFor();
  await visit('15-who-looked');
  await phone.button(texts.looked.strange).first().click();
  await phone.button(texts.looked.tell).waitFor();
  await visit('56-not-recognised');
  await phone.press(texts.looked.tell);
  await page.getByText(texts.looked.told).waitFor();
  await visit('57-complaint');
  await phone.press(texts.frame.back);
  await phone.letPass(6 * 60_000);
  await phone.press(texts.sheet.print);
  await phone.button(texts.confirm.go).waitFor();
  await visit('51-confirm-once-more');
  await phone.press(texts.confirm.go);
  await phone.heading(texts.sheet.title).waitFor();
  await visit('16-sheet');
  const words = (await page.locator('.words').getByRole('listitem').allInnerTexts()).join(' ');
  await phone.press(texts.sheet.written);
  await phone.heading(texts.sheet.done).waitFor();
  await visit('17-sheet-made');
  await phone.press(texts.helpers.add);
  await phone.button(texts.helpers.save(3)).waitFor();
  await visit('23-helpers');
  await phone.press(texts.helpers.makeNew);
  await phone.heading(texts.helpers.ask).waitFor();
  await visit('66-new-cards');
  await phone.press(texts.helpers.keep);
  await phone.press(texts.helpers.given);
  await phone.heading(texts.helpers.done).waitFor();
  await visit('24-helpers-noted');
  await links.bringBackElsewhere(words);
  await page.reload();
  await phone.press(texts.locked.open);
  await phone.heading(texts.devices.title).waitFor({ timeout: 20_000 });
  await visit('47-brought-back');
  await phone.press(texts.devices.no);
  await phone.heading(texts.stopAll.title).waitFor();
  await visit('48-stop-everyone');
  await phone.press(texts.stopAll.open);
  await phone.heading(texts.stopAll.done).waitFor({ timeout: 60_000 });
  await visit('49-everyone-stopped');
  await phone.press(texts.allowed.done);
  await otherImages(phone, texts, links, visit);
  await phone.press(texts.more.title);
  await phone.heading(texts.more.title).waitFor();
  await visit('25-more');
  await phone.press(texts.oldPhone.title);
  await phone.fill(texts.oldPhone.code, OFFER);
  await visit('26-old-phone');
  await phone.press(texts.pin.go);
  await phone.heading(texts.oldPhone.compare).waitFor();
  await visit('27-compare');
  await phone.press(texts.oldPhone.same);
  await page.getByRole('img', { name: texts.oldPhone.square }).waitFor();
  await visit('28-answer');
  await phone.press(texts.allowed.done);
  await phone.press(texts.more.title);
  await phone.press(texts.profiles.someone);
  await phone.fill(texts.profiles.name, 'Maya');
  await visit('29-somebody-else');
  await phone.press(texts.profiles.add);
  await phone.heading(texts.empty.title).waitFor();
  await visit('30-profiles');
  await familyWalk(phone, texts, label, visit);
  await phone.press(texts.frame.lostPhone);
  await phone.press(texts.lost.hospital);
  await visit('18-lost-phone');
  await phone.press(texts.frame.getHelp);
  await phone.heading(texts.help.title).waitFor();
  await visit('20-help');
}

/** A second study: shared together with the first, asked for at the desk by somebody, and not hers. */
async function otherImages(
  phone: Phone,
  texts: Texts,
  links: WalkLinks,
  visit: (name: string) => Promise<void>,
): Promise<void> {
  const { page } = phone;
  const { another, anotherRequest, label } = links;
  const ready = page.getByText(texts.study.ready, { exact: true });
  await phone.open(another.link);
  await phone.fill(texts.invitation.code, another.code);
  await phone.press(texts.invitation.open);
  await ready.nth(1).waitFor({ timeout: 60_000 });
  await phone.open(anotherRequest.link);
  await phone.button(texts.request.allow).waitFor();
  for (const box of await page.getByRole('checkbox').all()) await box.check();
  await phone.press(texts.request.allow);
  await phone.button(texts.allowed.sendNow).waitFor({ timeout: 60_000 });
  await visit('58-held-back');
  await phone.press(texts.allowed.sendNow);
  await phone.button(texts.allowed.sendNow).waitFor({ state: 'detached', timeout: 60_000 });
  await phone.press(texts.allowed.done);
  await links.replaceAccess();
  await page.reload();
  await phone.button(texts.locked.open).waitFor();
  await visit('59-locked');
  await phone.press(texts.locked.open);
  const asked = phone.heading(texts.replacement.title('City Hospital'));
  await asked.waitFor({ timeout: 20_000 });
  await visit('60-replacement');
  await phone.press(texts.replacement.stop);
  await asked.waitFor({ state: 'detached' });
  await phone.press(texts.study.details(another.label));
  await phone.press(texts.study.wrong);
  await phone.heading(texts.study.wrongAsk).waitFor();
  await visit('61-not-my-images');
  await phone.press(texts.study.wrongTell);
  await page.getByText(texts.study.states.gone, { exact: true }).waitFor({ timeout: 60_000 });
  await visit('62-home-gone');
  await phone.press(texts.study.details(another.label));
  await page.getByText(texts.study.goneText).waitFor();
  await visit('63-gone');
  await phone.press(texts.frame.back);
  await phone.heading(label).waitFor();
}

/** Both people on one phone: the holder, and Maya, whose images it has too. */
async function familyWalk(
  phone: Phone,
  texts: Texts,
  label: string,
  visit: (name: string) => Promise<void>,
): Promise<void> {
  const { page } = phone;
  const { roles } = texts;
  await phone.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const show = (name: string): Promise<void> => page.getByRole('radio', { name, exact: true }).check();
  const link = async (): Promise<string> => {
    await page.getByRole('img', { name: roles.square }).waitFor();
    await phone.press(texts.share.copy);
    return page.evaluate('navigator.clipboard.readText()');
  };
  const offers = async (role: 'delegate' | 'owner', name: string): Promise<void> => {
    await show(texts.profiles.you);
    await phone.press(texts.more.title);
    await phone.press(roles[role].offer);
    await phone.fill(roles.yourName, 'Maria');
    await visit(name);
    await phone.press(texts.pin.go);
  };
  const agrees = async (role: 'delegate' | 'owner', offer: string, name: string): Promise<void> => {
    await phone.open(offer);
    await phone.heading(roles[role].asked('Maria')).waitFor();
    await show('Maya');
    await phone.fill(roles.yourName, 'Maya');
    await visit(name);
    await phone.press(roles.agree);
  };
  await offers('delegate', '33-let-act');
  const offer = await link();
  await visit('34-let-act-square');
  await agrees('delegate', offer, '35-asked-to-act');
  const answer = await link();
  await visit('36-agreed');
  await phone.open(answer);
  await phone.button(roles.delegate.give).waitFor();
  await visit('37-let-act-decide');
  await phone.press(roles.delegate.give);
  await phone.heading(roles.delegate.done('Maya')).waitFor({ timeout: 60_000 });
  await visit('38-may-act');
  await phone.press(roles.end);
  await phone.heading(roles.endAsk('Maya')).waitFor();
  await visit('39-stop-acting');
  await page.keyboard.press('Escape');
  await phone.press(texts.allowed.done);
  await phone.heading(roles.mayAct).waitFor();
  await visit('40-home-may-act');
  await show('Maya');
  await phone.press(texts.study.details(label));
  await page.getByText(roles.imagesOf('Maria')).waitFor();
  await visit('41-study-of-somebody');
  await phone.press(texts.frame.back);
  await offers('owner', '42-hand-over');
  await agrees('owner', await link(), '43-asked-to-take-over');
  await phone.open(await link());
  await phone.button(roles.owner.give).waitFor();
  await visit('44-hand-over-decide');
  await phone.press(roles.owner.give);
  await phone.heading(roles.owner.done('Maya')).waitFor({ timeout: 60_000 });
  await visit('45-handed-over');
  await phone.press(texts.allowed.done);
  await page.getByText(texts.study.states['handed-over'], { exact: true }).waitFor();
  await visit('46-home-handed-over');
}
