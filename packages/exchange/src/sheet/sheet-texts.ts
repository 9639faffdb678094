/** What the printed sheets say. A further language is one entry more; words that a patient need not know are not used. */

export interface SheetTexts {
  /** In place of a name in letters that the font does not have. */
  readonly unnamedSource: string;
  readonly unnamedContact: string;
  readonly invitationTitle: (source: string) => string;
  readonly invitationSteps: readonly string[];
  readonly orType: string;
  readonly codeApart: string;
  readonly codeTitle: (source: string) => string;
  readonly codeSteps: readonly string[];
  /** Of a link that has a waiting time. */
  readonly from: (moment: string) => string;
  readonly until: (day: string) => string;
  readonly sheetNumber: (number: string) => string;
  readonly contact: (contact: string) => string;
}

export const SHEET_TEXTS = {
  en: {
    unnamedSource: 'Your hospital',
    unnamedContact: 'ask at the desk',
    invitationTitle: (source) => `${source} has images for you`,
    invitationSteps: [
      '1. Point the camera of your phone at the square, and open the page that it shows.',
      '2. Type the six digits that you are given separately.',
      '3. Your images are yours: you decide who may see them, and until when.',
    ],
    orType: 'No camera? Ask the desk to send you the link, or open this address in a browser:',
    codeApart: 'Keep this sheet and the six digits apart. Whoever has both could open your images before you.',
    codeTitle: (source) => `Your six digits for ${source}`,
    codeSteps: ['Type them when your phone asks for them. After five wrong tries you need a new sheet.'],
    from: (moment) =>
      `This replaces lost access, so it works from ${moment} on; at once when your old phone opens your images and you say there that it was you.`,
    until: (day) => `Works until ${day}.`,
    sheetNumber: (number) => `Sheet ${number}`,
    contact: (contact) => `Questions about your data: ${contact}`,
  },
  de: {
    unnamedSource: 'Ihr Krankenhaus',
    unnamedContact: 'fragen Sie am Empfang',
    invitationTitle: (source) => `${source} hat Bilder für Sie`,
    invitationSteps: [
      '1. Richten Sie die Kamera Ihres Handys auf das Quadrat und öffnen Sie die Seite, die es zeigt.',
      '2. Tippen Sie die sechs Ziffern ein, die Sie getrennt bekommen.',
      '3. Die Bilder gehören Ihnen: Sie bestimmen, wer sie sehen darf und bis wann.',
    ],
    orType:
      'Keine Kamera? Lassen Sie sich den Link am Empfang schicken, oder öffnen Sie diese Adresse in einem Browser:',
    codeApart:
      'Bewahren Sie dieses Blatt und die sechs Ziffern getrennt auf. Wer beides hat, könnte Ihre Bilder vor Ihnen öffnen.',
    codeTitle: (source) => `Ihre sechs Ziffern für ${source}`,
    codeSteps: [
      'Tippen Sie sie ein, wenn Ihr Handy danach fragt. Nach fünf falschen Versuchen brauchen Sie ein neues Blatt.',
    ],
    from: (moment) =>
      `Damit wird ein verlorener Zugang ersetzt, darum gilt es ab ${moment}; sofort, wenn Ihr altes Handy Ihre Bilder noch öffnet und Sie dort sagen, dass Sie es waren.`,
    until: (day) => `Gilt bis ${day}.`,
    sheetNumber: (number) => `Blatt ${number}`,
    contact: (contact) => `Fragen zu Ihren Daten: ${contact}`,
  },
} as const satisfies Readonly<Record<string, SheetTexts>>;

export type SheetLanguage = keyof typeof SHEET_TEXTS;
export const SHEET_LANGUAGES = Object.keys(SHEET_TEXTS) as readonly SheetLanguage[];
