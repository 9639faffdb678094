import type { Measured } from './experiment.js';
import { integer, percent, seconds, short } from './format.js';
import type { InflationOutcome } from './inflation-experiment.js';
import type { InflationScenarioFile } from './inflation-scenario.js';
import type { Presentation } from './presentation.js';

export function presentInflation(
  { faker, honest, days }: InflationScenarioFile,
  { policies }: InflationOutcome,
  measured: Measured,
): Pick<Presentation, 'facts' | 'sections'> {
  const endShare = ({ fakerShare }: (typeof policies)[number]): number => fakerShare.at(-1) ?? 0;
  const daysOfFaking = ({ daysToThird }: (typeof policies)[number]): string =>
    daysToThird === undefined ? 'never' : `after ${integer(daysToThird - faker.fromDay)} days`;
  return {
    facts: [
      ['Honest sources', integer(honest.sources)],
      ['Sources of the faker', integer(faker.sources)],
      ['Days', integer(days)],
      ...policies.map((one) => [`A third under ${one.policy}`, daysOfFaking(one)] as const),
      ['CPU time', seconds(measured.cpuMs)],
    ],
    sections: [
      {
        heading: 'Stake of the faker',
        text:
          'A faker defines studies that never were, as many as the scenario lets it, from the day where the ground is shaded. With a third of the ' +
          'stake it could stop the ledger. The sooner a line rises, the less its policy holds: raw counts everything at once; guarded ' +
          'lets studies mature, bounds growth and what enters each epoch, and caps each source; attested counts only what authorities vouch for.',
        charts: [
          {
            kind: 'xy',
            title: 'Share of the stake that the faker holds',
            x: { label: 'days', scale: 'linear', format: short, from: 0, to: days },
            y: { label: 'share of the stake', scale: 'linear', format: percent, from: 0, to: 1 },
            series: [
              ...policies.map(({ policy, fakerShare }) => ({
                name: policy,
                draw: 'line' as const,
                points: fakerShare.map((share, day) => [day + 1, share] as const),
              })),
              {
                name: 'a third',
                draw: 'line',
                points: [
                  [0, 1 / 3],
                  [days, 1 / 3],
                ],
              },
            ],
            spans: [{ label: 'faking', from: faker.fromDay, to: Math.min(days, faker.untilDay ?? days) }],
          },
        ],
        table: {
          caption: 'The faker under each policy',
          columns: [
            { label: 'Policy', isNumber: false },
            { label: 'Studies made up', isNumber: true },
            { label: 'Share after 30 days', isNumber: true },
            { label: 'After 90 days', isNumber: true },
            { label: 'At the end', isNumber: true },
            { label: 'A third', isNumber: true },
          ],
          rows: policies.map((one) => [
            one.policy,
            integer(one.fakerStudies.at(-1) ?? 0),
            ...[30, 90].map((after) => {
              const share = one.fakerShare[faker.fromDay + after - 1];
              return share === undefined ? 'not run' : percent(share);
            }),
            percent(endShare(one)),
            daysOfFaking(one),
          ]),
        },
      },
    ],
  };
}
