import type { Measured } from './experiment.js';
import { integer, percent, seconds, short } from './format.js';
import type { GrindingOutcome } from './grinding-experiment.js';
import type { GrindingScenarioFile } from './grinding-scenario.js';
import type { Presentation } from './presentation.js';

export function presentGrinding(
  { epochs, epochHeights }: GrindingScenarioFile,
  { runs }: GrindingOutcome,
  measured: Measured,
): Pick<Presentation, 'facts' | 'sections'> {
  const last = runs.at(-1);
  const stakeAxis = { label: 'stake of the adversary', scale: 'linear', format: percent } as const;
  return {
    facts: [
      ['Epochs', integer(epochs)],
      ['Views an epoch', integer(epochHeights)],
      ...(last === undefined
        ? []
        : ([
            [`Seeds to choose among, at ${percent(last.stakeShare)}`, short(last.meanChoices)],
            [`Views led, at ${percent(last.stakeShare)}`, percent(last.ledShare)],
          ] as const)),
      ['CPU time', seconds(measured.cpuMs)],
    ],
    sections: [
      {
        heading: 'Grinding of the seed',
        text:
          'The adversary may withhold the random outputs of its last blocks in a row before the cut-off, and so choose among seeds. It is granted ' +
          'to see them all, and takes the one with most of its own views: an upper bound. The band is what 95 of 100 fair draws give. ' +
          'Net are the views that it gains less the blocks that it gave up for them.',
        charts: [
          {
            kind: 'xy',
            title: 'Views led beyond a fair share',
            x: stakeAxis,
            y: { label: 'led / stake, less 1', scale: 'linear', format: percent },
            series: [
              {
                name: 'fair, with 95% band',
                draw: 'line',
                points: runs.map(({ stakeShare }) => [stakeShare, 0]),
                band: runs.map(({ stakeShare, fairBand }) => [
                  stakeShare,
                  fairBand.low / stakeShare - 1,
                  fairBand.high / stakeShare - 1,
                ]),
              },
              {
                name: 'led',
                draw: 'line',
                points: runs.map(({ stakeShare, ledShare }) => [stakeShare, ledShare / stakeShare - 1]),
              },
              {
                name: 'net',
                draw: 'line',
                points: runs.map(({ stakeShare, netShare }) => [stakeShare, netShare / stakeShare - 1]),
              },
            ],
          },
          {
            kind: 'xy',
            title: 'Seeds to choose among in an epoch, on average',
            x: stakeAxis,
            y: { label: 'seeds', scale: 'linear', format: short, from: 1 },
            series: [
              {
                name: 'theory, (1 - a) / (1 - 2a)',
                draw: 'line',
                points: runs.map((run) => [run.stakeShare, run.expectedChoices]),
              },
              { name: 'seen', draw: 'points', points: runs.map((run) => [run.stakeShare, run.meanChoices]) },
            ],
          },
        ],
        table: {
          caption: 'Grinding by stake',
          columns: ['Stake', 'Seeds, seen', 'Seeds, theory', 'Fair band from', 'to', 'Led', 'Net'].map((label) => ({
            label,
            isNumber: true,
          })),
          rows: runs.map(({ stakeShare, meanChoices, expectedChoices, fairBand, ledShare, netShare }) => [
            percent(stakeShare),
            short(meanChoices),
            short(expectedChoices),
            percent(fairBand.low),
            percent(fairBand.high),
            percent(ledShare),
            percent(netShare),
          ]),
        },
      },
    ],
  };
}
