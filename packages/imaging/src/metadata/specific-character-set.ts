/** From the bytes of a text element to text (PS3.5, section 6.1; PS3.3, C.12.1.1.2). */

/** Defined terms to the labels of the Encoding Standard. Terms with `ISO 2022` decode alike: see `ESCAPES`. */
const LABELS: Readonly<Record<string, string>> = {
  'IR 100': 'iso-8859-1',
  'IR 101': 'iso-8859-2',
  'IR 109': 'iso-8859-3',
  'IR 110': 'iso-8859-4',
  'IR 144': 'iso-8859-5',
  'IR 127': 'iso-8859-6',
  'IR 126': 'iso-8859-7',
  'IR 138': 'iso-8859-8',
  'IR 148': 'iso-8859-9',
  'IR 203': 'iso-8859-15',
  'IR 13': 'shift_jis',
  'IR 166': 'windows-874',
  'IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

/** Code extensions, by what follows ESC; they hold until the next one. */
const ESCAPES: readonly (readonly [string, string])[] = [
  ['$)C', 'euc-kr'],
  ['$)A', 'gbk'],
  ['-A', 'iso-8859-1'],
  ['-B', 'iso-8859-2'],
  ['-C', 'iso-8859-3'],
  ['-D', 'iso-8859-4'],
  ['-L', 'iso-8859-5'],
  ['-G', 'iso-8859-6'],
  ['-F', 'iso-8859-7'],
  ['-H', 'iso-8859-8'],
  ['-M', 'iso-8859-9'],
  ['-b', 'iso-8859-15'],
  ['-T', 'windows-874'],
  [')I', 'shift_jis'],
  ['(J', 'shift_jis'],
  ['(B', 'ascii'],
];
/** Escapes that the decoder itself reads: JIS X 0208. */
const JAPANESE = /^\$[@B]/;

export type TextReader = (bytes: Uint8Array) => string;

/**
 * The reader for the values of Specific Character Set (0008,0005). Bytes that are no text of the set become U+FFFD; an
 * unknown set is read as ISO 8859-1.
 */
export function textReaderOf(terms: readonly string[]): TextReader {
  const label = LABELS[(terms[0] ?? '').replace(/^ISO[_ ](?:2022 )?/, '')] ?? 'iso-8859-1';
  return (bytes) => {
    const escapeAt = bytes.indexOf(0x1b);
    if (escapeAt < 0) return new TextDecoder(label).decode(bytes);
    let text = new TextDecoder(label).decode(bytes.subarray(0, escapeAt));
    let high = label;
    for (const segment of segmentsOf(bytes.subarray(escapeAt))) {
      const code = String.fromCharCode(...segment.subarray(1, 4));
      if (JAPANESE.test(code)) {
        text += new TextDecoder('iso-2022-jp').decode(segment);
        continue;
      }
      const [escape, next] = ESCAPES.find(([one]) => code.startsWith(one)) ?? ['', high];
      if (next !== 'ascii') high = next;
      text += new TextDecoder(high).decode(segment.subarray(1 + escape.length));
    }
    return text;
  };
}

/** Cut before each ESC. */
function* segmentsOf(bytes: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  while (start < bytes.length) {
    const next = bytes.indexOf(0x1b, start + 1);
    const end = next < 0 ? bytes.length : next;
    yield bytes.subarray(start, end);
    start = end;
  }
}
