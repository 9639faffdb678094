/** What the integrators' guide shows as a configuration is one, as it stands and with every line uncommented. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseConfig } from '../src/config.js';

const guide = await readFile(
  fileURLToPath(new URL('../../../docs/guides/integrators-gateway.md', import.meta.url)),
  'utf8',
);
const samples = Array.from(guide.matchAll(/```toml\n(.*?)```/gs), ([, sample]) => sample ?? '');
const whole = samples[0] ?? '';

const FILLED: Readonly<Record<string, string>> = {
  '<64 hex>': 'ab'.repeat(32),
  '<height:id>': `7:${'cd'.repeat(32)}`,
};

function uncommented(sample: string): string {
  return sample.replace(/^# (?=[["\w])/gm, '').replaceAll(/<64 hex>|<height:id>/g, (name) => FILLED[name] ?? name);
}

test('the sample, as it stands', () => {
  expect(parseConfig(whole, '/etc/radledger/gateway.toml')).toMatchObject({ api: { port: 7420 } });
});

test('the sample with every line uncommented: each key is known, and in its table', () => {
  const config = parseConfig(uncommented(whole), '/etc/radledger/gateway.toml');
  expect(config).toMatchObject({
    source: { baseUrl: 'https://gw.hospital.example:7443', arrivals: { aeTitle: 'RADLEDGER' } },
    audit: { receivers: { [FILLED['<64 hex>'] ?? '']: expect.any(String) as string } },
  });
});

test.each(samples.slice(1).map((sample) => [/^\[[^\]]+\]/m.exec(sample)?.[0] ?? sample, sample]))(
  '%s',
  (table, sample) => {
    const isArchive = /^\[source\.(dicomweb|dimse)\]$/.test(table);
    const base = isArchive ? whole.replace(/^folder = "\/srv\/dicom".*$/m, '') : whole;
    for (const text of [sample, uncommented(sample)]) {
      expect(parseConfig(`${base}\n${text}`, '/etc/radledger/gateway.toml')).toBeTruthy();
    }
  },
);
