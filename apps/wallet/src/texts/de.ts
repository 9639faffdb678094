/** German. */
import type { Texts } from './en.js';

const plural = new Intl.PluralRules('de');
const people = (count: number): string =>
  plural.select(count) === 'one' ? '1 Person kann' : `${count} Personen können`;
const tries = (count: number): string => (plural.select(count) === 'one' ? 'noch 1 Versuch' : `noch ${count} Versuche`);

export const de: Texts = {
  locale: 'de',
  direction: 'ltr',
  appName: 'Meine Bilder',
  frame: {
    back: 'Zurück',
    lostPhone: 'Handy verloren?',
    getHelp: 'Hilfe',
    footer: 'Hilfe',
    asOf: (when) => `Gerade keine Antwort. So war der Stand ${when}.`,
    working: 'Einen Moment…',
  },
  locked: {
    title: 'Ihre Bilder',
    text: 'Nur Sie können sie öffnen. Ihr Handy fragt gleich, ob Sie es sind.',
    open: 'Meine Bilder öffnen',
  },
  pin: {
    label: 'PIN',
    make: 'PIN wählen',
    hint: 'Dieses Handy kann nicht anders prüfen, ob Sie es sind. Darum fragt die App nach einer PIN. Mindestens sechs Ziffern. Wer dieses Handy und die PIN hat, kann Ihre Bilder öffnen.',
    wrong: 'Diese PIN stimmt nicht. Bitte warten Sie kurz und versuchen Sie es noch einmal.',
    short: 'Eine PIN hat mindestens sechs Ziffern.',
    go: 'Weiter',
  },
  empty: {
    title: 'Hier sind noch keine Bilder',
    text: 'Wenn ein Krankenhaus Bilder für Sie hat, gibt es Ihnen einen Link und einen sechsstelligen Code. Öffnen Sie den Link auf diesem Handy.',
    paste: 'Ich habe einen Link',
  },
  link: {
    title: 'Link öffnen',
    text: 'Fügen Sie den Link ein, den Sie vom Krankenhaus oder von der Praxis haben.',
    label: 'Link',
    open: 'Öffnen',
  },
  invitation: {
    title: (hospital) => `${hospital} hat Bilder für Sie`,
    titleUnnamed: 'Ein Krankenhaus hat Bilder für Sie',
    text: 'Tippen Sie den sechsstelligen Code ein. Er steht auf Ihrem Besuchszettel, oder man hat ihn Ihnen am Empfang gesagt.',
    code: 'Sechsstelliger Code',
    open: 'Meine Bilder öffnen',
    confirm: 'Ihr Handy fragt gleich, ob Sie es sind. Kein Konto, kein Passwort.',
    short: 'Der Code hat sechs Ziffern.',
    wrong: (left) => `Dieser Code stimmt nicht. Sie haben ${tries(left)}.`,
    lastWrong:
      'Dieser Code stimmt nicht, und der Link ist jetzt geschlossen. Bitten Sie das Krankenhaus um einen neuen.',
  },
  home: {
    title: 'Meine Bilder',
    canSee: (count) => `${people(count)} Ihre Bilder sehen`,
    nobody: 'Niemand sonst kann Ihre Bilder sehen',
    whoLooked: 'Wer hat nachgesehen',
    sheetTitle: 'Rettungsblatt anlegen? (2 Min.)',
    sheetText: 'Wenn dieses Handy verloren geht, bringt ein Blatt Papier alles zurück.',
    sheetOpen: 'Blatt anlegen',
    later: 'Später',
  },
  replacement: {
    title: (hospital) => `Bei ${hospital} wollte jemand Ihren Zugang ersetzen`,
    text: (study, when) =>
      `Wenn es niemand stoppt, verliert dieses Handy ${study} am ${when}. Waren Sie es nicht, stoppen Sie es jetzt.`,
    stop: 'Das stoppen',
    confirm: 'Das war ich',
  },
  study: {
    unnamed: 'Bilder',
    unnamedHospital: 'ein Krankenhaus',
    beingSealed: 'Wird versiegelt, etwa 30 Sekunden',
    ready: 'Bereit',
    gone: 'Nicht mehr vorhanden',
    sealedSaid: (study) => `Versiegelt: ${study} ist bereit.`,
    share: 'Teilen',
    whoLooked: 'Wer hat nachgesehen',
    whoCanSee: 'Wer das sehen kann',
    nobody: 'Niemand sonst kann das sehen.',
    details: (study) => `${study} öffnen`,
    wrong: 'Das sind nicht meine Bilder',
    wrongAsk: 'Nicht Ihre Bilder?',
    wrongText: 'Das Krankenhaus erfährt es sofort und zeigt sie niemandem mehr. Das lässt sich nicht zurücknehmen.',
    wrongTell: 'Dem Krankenhaus sagen',
    goneText: 'Das Krankenhaus hat diese Bilder nicht mehr. Fragen Sie am Empfang, wenn Sie sie noch brauchen.',
  },
  share: {
    title: 'Mit einer Praxis teilen',
    text: 'Zeigen Sie der Praxis dieses Quadrat. Wenn es gescannt ist, sehen Sie, wer fragt. Nichts wird geteilt, bevor Sie „Erlauben“ drücken.',
    square: 'Quadrat zum Scannen für die Praxis',
    until: (time) => `Gilt bis ${time}.`,
    copy: 'Als Link kopieren',
    paste: 'Ich habe einen Link bekommen',
  },
  request: {
    title: (who) => `${who} möchte Ihre Bilder sehen`,
    proofs: {
      attested: (who) => `Bestätigt: ${who}`,
      address: (who) => `Bestätigt: ${who}`,
      listed: (who) => `Nicht bestätigt: Jemand nennt sich ${who}. Nur fortfahren, wenn Sie gerade dort sind.`,
      none: () => 'Nicht bestätigt: nur fortfahren, wenn Sie gerade in der Praxis sind.',
    },
    unchecked: (name) => `Nicht bestätigt: Der Name „${name}“ ist eine eigene Angabe, die niemand geprüft hat.`,
    checking: 'Es wird geprüft, wer fragt…',
    reason: 'Grund',
    which: 'Welche Bilder',
    until: 'Bis',
    change: 'Ändern',
    lastDay: 'Letzter Tag',
    endNote: 'Das Teilen endet an diesem Tag von selbst. Sie können es früher beenden.',
    copies: 'Gespeicherte Kopien bleiben dort.',
    allow: 'Erlauben',
    notNow: 'Jetzt nicht',
    noneReady: 'Sie haben keine Bilder, die geteilt werden können.',
    pickOne: 'Wählen Sie mindestens eines.',
    pickDate: 'Wählen Sie einen Tag zwischen morgen und in zehn Jahren.',
  },
  allowed: {
    title: (who, what, until) => `${who} kann ${what} bis ${until} sehen.`,
    text: 'Die Bilder können ab jetzt abgerufen werden. Sie sehen es unter „Wer hat nachgesehen“.',
    waitingTitle: (who) => `Ihre Antwort an ${who} ist gemerkt.`,
    waitingText: 'Sie wird gesendet, sobald dieses Handy online ist.',
    later: (what) =>
      `${what} folgt von selbst innerhalb von zehn Minuten. So kann niemand erkennen, dass die Bilder zu einer Person gehören.`,
    done: 'Fertig',
    stop: 'Teilen beenden',
  },
  person: {
    unnamed: 'Jemand, dem Sie es früher erlaubt haben',
    sees: 'Kann sehen',
    saw: 'Früher',
    until: (date) => `bis ${date}`,
    reason: (reason) => `Grund: ${reason}`,
    waiting: 'Die Praxis weiß es noch nicht. Die App versucht es weiter.',
    stopAll: 'Teilen beenden',
    stopOne: (study) => `${study} nicht mehr teilen`,
    ask: 'Teilen beenden?',
    warning: 'Neue Abrufe enden jetzt. Schon gespeicherte Kopien bleiben dort.',
    stop: 'Beenden',
    keep: 'Weiter teilen',
    sealing: 'Wird versiegelt',
    refused: 'Nicht mehr möglich',
    stopping: 'Wird beendet',
    stopped: 'Beendet',
    stoppedAt: (time) => `Beendet ${time}`,
    ended: 'Abgelaufen',
  },
  looked: {
    title: 'Wer hat nachgesehen',
    text: 'Jedes Krankenhaus führt diese Liste und steht für sie ein.',
    nobody: 'Noch niemand.',
    opened: (who, study) => `${who} hat ${study} geöffnet`,
    copied: (who, study, count) => `Automatische Kopien von ${study} durch ${who} (${count}-mal)`,
    you: 'Sie',
    unknown: 'Jemand, den dieses Handy nicht kennt',
    because: (day, reason) => `weil Sie es am ${day} erlaubt haben. Grund: ${reason}`,
    self: 'mit Ihrem eigenen Zugang',
    unanswered: (study) => `Das Krankenhaus hat für ${study} nicht geantwortet. Versuchen Sie es später.`,
    strange: 'Das kenne ich nicht',
    strangeText:
      'Sie können das Teilen jetzt beenden und es der Datenschutzstelle des Krankenhauses sagen. Sie geht dem nach.',
    tell: 'Der Datenschutzstelle sagen',
    told: 'Die Datenschutzstelle hat Ihre Nachricht.',
    message: (row) => `Das kenne ich nicht: ${row}`,
  },
  sheet: {
    title: 'Ihr Rettungsblatt',
    text: 'Diese zwölf Wörter bringen Ihre Bilder auf jedem Handy zurück. Drucken Sie sie oder schreiben Sie sie ab, und legen Sie das Blatt zu Ihren wichtigen Papieren.',
    warning: 'Zeigen Sie es niemandem. Wer es liest, kann Ihre Bilder öffnen.',
    words: 'Zwölf Wörter',
    square: 'Dieselben Wörter zum Scannen',
    print: 'Drucken',
    written: 'Ich habe es auf Papier',
    done: 'Gut. Ihr Blatt ist vermerkt.',
    paper:
      'Rettungsblatt für meine Bilder. So geht es: Link eines Krankenhauses öffnen, „Handy verloren?“ wählen, die Wörter in dieser Reihenfolge eintippen.',
  },
  lost: {
    title: 'Handy verloren?',
    text: 'Damit ist nichts verloren. Was haben Sie zur Hand?',
    sheet: 'Ich habe ein Rettungsblatt',
    hospital: 'Zum Krankenhaus gehen',
    hospitalText:
      'Gehen Sie mit einem Ausweis zum Empfang des Krankenhauses, das die Bilder gemacht hat. Dort prüft man, wer Sie sind, und gibt Ihnen einen neuen Link. Alte Erlaubnisse enden.',
    stolen:
      'Wenn es gestohlen wurde: Holen Sie zuerst hier alles zurück, und beenden Sie dann alles Teilen, das nicht von Ihnen ist.',
  },
  restore: {
    title: 'Alles zurückholen',
    text: 'Tippen Sie die zwölf Wörter Ihres Rettungsblatts ein, der Reihe nach, mit Leerzeichen dazwischen.',
    label: 'Zwölf Wörter',
    go: 'Meine Bilder zurückholen',
    looking: 'Ihre Bilder werden gesucht. Das kann eine Minute dauern.',
    already:
      'Auf diesem Handy sind schon Bilder offen. Um andere zurückzuholen, nehmen Sie ein anderes Handy oder einen anderen Browser.',
  },
  help: {
    title: 'Hilfe',
    text: 'Rufen Sie den Empfang des Krankenhauses an, von dem der Link ist, oder gehen Sie hin. Der Hilfe-Code sagt dort, was schiefging.',
    code: 'Hilfe-Code',
    noCode: 'Sie haben keinen Hilfe-Code: Auf diesem Handy ging gerade nichts schief.',
    never:
      'Wer Ihnen hilft, braucht weder Ihr Rettungsblatt noch Ihre PIN noch den sechsstelligen Code. Lesen Sie nichts davon vor.',
    wrongPatient:
      'Das sind nicht Ihre Bilder? Teilen Sie sie nicht. Rufen Sie den Empfang des Krankenhauses an und sagen Sie es.',
  },
  ways: {
    tryAgain: 'Noch einmal',
    toHome: 'Zu meinen Bildern',
    code: (code) => `Hilfe-Code ${code}`,
  },
  troubles: {
    offline: {
      title: 'Sie sind offline',
      text: 'Verbinden Sie sich mit dem Internet und versuchen Sie es noch einmal. Nichts ist verloren.',
    },
    noAnswer: {
      title: 'Gerade keine Antwort',
      text: 'Der Dienst des Krankenhauses antwortet nicht. Warten Sie eine Minute. Nichts ist verloren.',
    },
    tooMany: {
      title: 'Zu viele Versuche auf einmal',
      text: 'Warten Sie eine Minute und versuchen Sie es noch einmal.',
    },
    linkUnreadable: {
      title: 'Dieser Link geht nicht',
      text: 'Er ist beschädigt oder für eine neuere App gemacht. Öffnen Sie das Original noch einmal, oder bitten Sie um einen neuen.',
    },
    linkElsewhere: {
      title: 'Dieser Link gehört zu einem anderen Dienst',
      text: 'Bitten Sie die Person, von der er ist, um den richtigen.',
    },
    linkExpired: {
      title: 'Dieser Link ist abgelaufen',
      text: 'Links enden nach einigen Tagen, zu Ihrer Sicherheit. Bitten Sie um einen neuen.',
    },
    linkClosed: {
      title: 'Dieser Link ist geschlossen',
      text: 'Er ist verbraucht oder wurde ersetzt. Bitten Sie das Krankenhaus um einen neuen.',
    },
    linkTaken: {
      title: 'Schon geöffnet',
      text: 'Diese Bilder wurden schon geöffnet. Wenn Sie das auf einem anderen Handy waren, wählen Sie „Handy verloren?“. Wenn nicht, rufen Sie jetzt den Empfang des Krankenhauses an.',
    },
    inUse: {
      title: 'Anderswo geöffnet',
      text: 'Ein anderes Fenster dieser App hat übernommen. Schließen Sie die anderen und versuchen Sie es noch einmal.',
    },
    storageDamaged: {
      title: 'Was auf diesem Handy liegt, ist nicht lesbar',
      text: 'Wählen Sie „Handy verloren?“, um alles zurückzuholen.',
    },
    notConfirmed: {
      title: 'Ihr Handy hat nicht bestätigt, dass Sie es sind',
      text: 'Versuchen Sie es noch einmal, und bestätigen Sie, wenn Ihr Handy fragt.',
    },
    storageFull: {
      title: 'Dieses Handy ist voll',
      text: 'Schaffen Sie etwas Platz, dann versuchen Sie es noch einmal. Nichts ist verloren.',
    },
    clockWrong: {
      title: 'Die Uhr dieses Handys geht falsch',
      text: 'Stellen Sie Datum und Zeit in den Einstellungen auf automatisch, dann versuchen Sie es noch einmal.',
    },
    viewOld: {
      title: 'Nicht auf dem neuesten Stand',
      text: 'Der Dienst hat eine Weile nichts Neues gehört. Warten Sie eine Minute.',
    },
    notSealedYet: {
      title: 'Noch nicht versiegelt',
      text: 'Das Krankenhaus hat Ihre Antwort und ist noch dabei. Ihre Bilder erscheinen von selbst.',
    },
    imagesGone: {
      title: 'Diese Bilder können jetzt nicht geteilt werden',
      text: 'Das Krankenhaus hält sie nicht mehr für Sie bereit. Am Empfang kann man Ihnen sagen, warum.',
    },
    wordsWrong: {
      title: 'Diese Wörter passen nicht',
      text: 'Prüfen Sie jedes Wort und die Reihenfolge. Es sind zwölf.',
    },
    endDate: {
      title: 'Dieser letzte Tag geht nicht',
      text: 'Wählen Sie einen Tag zwischen morgen und in zehn Jahren.',
    },
    answerWrong: {
      title: 'Hier passt etwas nicht zusammen',
      text: 'Die Antwort ließ sich nicht prüfen, darum hat die App sie nicht benutzt. Rufen Sie den Empfang mit dem Hilfe-Code an.',
    },
    unknown: {
      title: 'Etwas ging schief',
      text: 'Versuchen Sie es noch einmal. Wenn es wieder geschieht, rufen Sie den Empfang mit dem Hilfe-Code an.',
    },
  },
};
