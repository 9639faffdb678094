/**
 * What a person without a phone agrees to at the desk, on paper: the elements of an authorisation to disclose (45 CFR 164.508(c)). The same
 * text is the consent receipt whose hash stands in the Allow. Guide: docs/guides/integrators-gateway.md, section 2.6.
 */
import type { IdentityCheck } from '@radledger/handover';
import type { RequestOrigin } from '@radledger/wallet';

/** Characters; what a page of A4 holds in a printer's plain type. */
const LINE_LENGTH = 78;

export const PERMISSION_LANGUAGES = ['en', 'de'] as const;
export type PermissionLanguage = (typeof PERMISSION_LANGUAGES)[number];

export interface Permission {
  /** What the images are called. */
  readonly label: string;
  /** Who gives them out, as the directory says. */
  readonly sourceName: string;
  /** What the receiver calls itself; empty when it does not say. */
  readonly displayName: string;
  readonly origin: RequestOrigin;
  readonly reason: string;
  readonly notAfterMs: number;
  /** Who keeps access for her until she has a device. */
  readonly custodian: string;
  readonly identity: IdentityCheck;
}

interface Texts {
  readonly title: string;
  readonly rows: readonly [
    images: string,
    from: string,
    to: string,
    why: string,
    until: string,
    custodian: string,
    identity: string,
  ];
  readonly identity: Readonly<Record<IdentityCheck, string>>;
  readonly origin: (origin: RequestOrigin) => string;
  readonly rights: readonly string[];
  readonly sign: readonly string[];
  readonly number: string;
}

const TEXTS: Readonly<Record<PermissionLanguage, Texts>> = {
  en: {
    title: 'Permission to fetch my images',
    rows: [
      'Images',
      'Given out by',
      'May be fetched by',
      'For',
      'Until the end of (UTC)',
      'Kept for me by',
      'Checked who I am by',
    ],
    identity: {
      'photo-id': 'photo ID',
      known: 'being known to the staff',
      portal: 'sign-in to the patient portal',
      'mailed-code': 'a code sent to my address by post',
    },
    origin: (origin) =>
      origin.kind === 'unproven'
        ? 'not confirmed by anyone'
        : `confirmed: ${origin.kind === 'source' ? origin.name : origin.host}`,
    rights: [
      'I may stop this at any time at the desk, without giving a reason. New downloads stop then; copies that were made stay with those who made them, and may be passed on by them without the protection that holds here.',
      'My treatment does not depend on this permission.',
      'Whoever keeps it for me does nothing else with it that I have not agreed to, and hands it over as soon as I have a phone or a computer.',
    ],
    sign: ['Date', 'Signature'],
    number: 'Sheet number',
  },
  de: {
    title: 'Erlaubnis, meine Bilder abzurufen',
    rows: [
      'Bilder',
      'Herausgegeben von',
      'Abrufen darf',
      'Wofür',
      'Bis zum Ende des (UTC)',
      'Für mich verwahrt von',
      'Wer ich bin, wurde geprüft',
    ],
    identity: {
      'photo-id': 'durch einen Lichtbildausweis',
      known: 'durch Mitarbeitende, die mich kennen',
      portal: 'durch Anmeldung am Patientenportal',
      'mailed-code': 'durch einen Code, der per Post an meine Anschrift ging',
    },
    origin: (origin) =>
      origin.kind === 'unproven'
        ? 'von niemandem bestätigt'
        : `bestätigt: ${origin.kind === 'source' ? origin.name : origin.host}`,
    rights: [
      'Ich kann das jederzeit am Empfang beenden, ohne einen Grund zu nennen. Dann endet das Abrufen; schon gemachte Kopien bleiben bei denen, die sie gemacht haben, und können von ihnen ohne den hier geltenden Schutz weitergegeben werden.',
      'Meine Behandlung hängt von dieser Erlaubnis nicht ab.',
      'Wer sie für mich verwahrt, tut damit nichts anderes, als ich erlaubt habe, und übergibt sie, sobald ich ein Handy oder einen Computer habe.',
    ],
    sign: ['Datum', 'Unterschrift'],
    number: 'Blatt-Nummer',
  },
};

/** @returns what she agrees to, in lines of text; at most 1,900 bytes for names within their limits */
export function permissionText(permission: Permission, language: PermissionLanguage): string {
  const texts = TEXTS[language];
  const { label, sourceName, displayName, reason, custodian } = permission;
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(permission.notAfterMs);
  const proven = texts.origin(permission.origin);
  const receiver = displayName === '' ? proven : `${displayName} (${proven})`;
  const values = [label, sourceName, receiver, reason, day, custodian, texts.identity[permission.identity]];
  const rows = texts.rows.map((name, at) => `${name}: ${values[at]}`);
  return [texts.title, '', ...rows, '', ...texts.rights].join('\n');
}

/**
 * The text in lines that fit a page, with a place for her name under it.
 * @param number - by which the sheet is found again
 */
export function permissionSheet(text: string, number: string, language: PermissionLanguage): string {
  const { sign, number: numberName } = TEXTS[language];
  const toFill = sign.map((name) => `\n${name}: ________________________________`);
  return [...text.split('\n').map(wrapped), ...toFill, '', `${numberName}: ${number}`, ''].join('\n');
}

/** Breaks a line at spaces, and sets what is more than one apart; a word that is longer than a line stays whole. */
function wrapped(line: string): string {
  const lines: string[] = [];
  for (const word of line.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length > 0 && longer.length <= LINE_LENGTH) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.length > 1 ? `${lines.join('\n')}\n` : lines.join('');
}
