/** Charts as SVG: one size that stays legible on a phone, colours and fonts from the page's style. */
import { scaleBand, scaleLinear, scaleLog } from 'd3-scale';
import type { Axis, BarChart, Chart, Series, XyChart } from '../presentation.js';
import { element, escapeText, path } from './svg.js';

const WIDTH = 420;
const PLOT = { left: 66, right: 408, bottom: 262 } as const;
const LEGEND_TOP = 26;
const LEGEND_ROW = 20;
const CHAR = 6.9;
const BAR_WIDTH_MAX = 80;

type Scale = (value: number) => number;

interface Placed {
  readonly scale: Scale;
  readonly ticks: readonly number[];
}

/** @param id - unique on the page: names the picture's title */
export function drawChart(chart: Chart, id: string): string {
  const names = legendOf(chart);
  const legend = drawLegend(names);
  const top = LEGEND_TOP + legend.rows * LEGEND_ROW + 4;
  const body = chart.kind === 'xy' ? drawXy(chart, top) : drawBars(chart, top);
  const height = chart.kind === 'xy' ? PLOT.bottom + 44 : PLOT.bottom + 30;
  return element(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-labelledby': `${id}-t`, class: 'plot' },
    element('title', { id: `${id}-t` }, escapeText(chart.title)),
    element('text', { x: 4, y: 15, class: 'name' }, escapeText(chart.y.label)),
    legend.svg,
    body,
  );
}

function legendOf(chart: Chart): readonly { readonly name: string; readonly index: number; readonly mark: string }[] {
  const marks =
    chart.kind === 'bars'
      ? chart.series.map(({ name }, index) => ({ name, index, mark: 'bar' }))
      : chart.series.map(({ name, draw }, index) => ({ name, index, mark: draw === 'points' ? 'point' : 'line' }));
  return marks.length === 1 && chart.kind === 'bars' ? [] : marks;
}

function drawLegend(entries: ReturnType<typeof legendOf>): { readonly svg: string; readonly rows: number } {
  let x = PLOT.left;
  let row = 0;
  const parts = entries.map(({ name, index, mark }) => {
    const width = 30 + name.length * CHAR;
    if (x > PLOT.left && x + width > WIDTH) {
      x = PLOT.left;
      row++;
    }
    const y = LEGEND_TOP + 8 + row * LEGEND_ROW;
    const sample =
      mark === 'line'
        ? element('path', {
            d: path([
              [x, y],
              [x + 18, y],
            ]),
            class: `line s${index}`,
          })
        : mark === 'bar'
          ? element('rect', { x: x + 3, y: y - 6, width: 12, height: 12, class: `bar s${index}` })
          : element('circle', { cx: x + 9, cy: y, r: 3.5, class: `point s${index}` });
    const label = element('text', { x: x + 24, y: y + 4 }, escapeText(name));
    x += width + 12;
    return sample + label;
  });
  return { svg: parts.join(''), rows: entries.length === 0 ? 0 : row + 1 };
}

function drawXy(chart: XyChart, top: number): string {
  const points = chart.series.flatMap((series) => series.points);
  const bands = chart.series.flatMap((series) => series.band ?? []);
  const x = place(
    chart.x,
    [...points.map(([value]) => value), ...(chart.spans ?? []).flatMap(({ from, to }) => [from, to])],
    [PLOT.left, PLOT.right],
  );
  const y = place(
    chart.y,
    [...points.map(([, value]) => value), ...bands.flatMap(([, low, high]) => [low, high])],
    [PLOT.bottom, top],
  );
  const spans = (chart.spans ?? []).map(({ label, from, to }) =>
    element(
      'rect',
      {
        x: x.scale(from),
        y: top,
        width: Math.max(2, x.scale(to) - x.scale(from)),
        height: PLOT.bottom - top,
        class: 'span',
      },
      element('title', {}, escapeText(label)),
    ),
  );
  return [
    ...spans,
    drawYAxis(chart.y, y),
    drawXAxis(chart.x, x),
    ...chart.series.map((series, index) =>
      drawSeries(series, index, { x: x.scale, y: y.scale, logY: chart.y.scale === 'log' }),
    ),
  ].join('');
}

function drawSeries(
  series: Series,
  index: number,
  at: { readonly x: Scale; readonly y: Scale; readonly logY: boolean },
): string {
  // Nothing has no place on a logarithmic axis; the table has it.
  const visible = series.points.filter(([, y]) => !at.logY || y > 0).map(([x, y]) => [at.x(x), at.y(y)] as const);
  const band = series.band ?? [];
  const area = [
    ...band.map(([x, , high]) => [at.x(x), at.y(high)] as const),
    ...band.toReversed().map(([x, low]) => [at.x(x), at.y(low)] as const),
  ];
  const shade = band.length === 0 ? '' : element('path', { d: `${path(area)}Z`, class: `band s${index}` });
  if (series.draw === 'points') {
    return shade + visible.map(([cx, cy]) => element('circle', { cx, cy, r: 3, class: `point s${index}` })).join('');
  }
  const corners =
    series.draw === 'line'
      ? visible
      : visible.flatMap(([x, y], i) =>
          i === 0
            ? [[x, y] as const]
            : [[x, (visible[i - 1] as readonly [number, number])[1]] as const, [x, y] as const],
        );
  return shade + element('path', { d: path(corners), class: `line s${index}` });
}

function drawBars(chart: BarChart, top: number): string {
  const { categories, series, stacked } = chart;
  const sums = categories.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const y = place(chart.y, [0, ...(stacked ? sums : series.flatMap(({ values }) => values))], [PLOT.bottom, top]);
  const outer = scaleBand(
    categories.map((_, index) => index),
    [PLOT.left, PLOT.right],
  )
    .paddingInner(0.3)
    .paddingOuter(0.15);
  const width = Math.min(outer.bandwidth(), BAR_WIDTH_MAX * (stacked ? 1 : series.length));
  const left = (at: number): number => (outer(at) as number) + (outer.bandwidth() - width) / 2;
  const inner = scaleBand(
    series.map((_, index) => index),
    [0, width],
  );
  const bars = categories.flatMap((category, at) => {
    let base = 0;
    return series.map(({ name, values }, index) => {
      const value = values[at] ?? 0;
      const low = stacked ? base : 0;
      base += value;
      const [bottom, height] = [y.scale(low), y.scale(low) - y.scale(low + value)];
      const label = `${category}, ${name}: ${chart.y.format(value)}`;
      return element(
        'rect',
        {
          x: left(at) + (stacked ? 0 : (inner(index) as number)),
          y: bottom - height,
          width: stacked ? width : inner.bandwidth(),
          height,
          class: `bar s${index}`,
        },
        element('title', {}, escapeText(label)),
      );
    });
  });
  const labels = categories.map((category, at) =>
    element(
      'text',
      { x: (outer(at) as number) + outer.bandwidth() / 2, y: PLOT.bottom + 18, 'text-anchor': 'middle' },
      escapeText(category),
    ),
  );
  return [
    drawYAxis(chart.y, y),
    ...bars,
    element('path', {
      d: path([
        [PLOT.left, PLOT.bottom],
        [PLOT.right, PLOT.bottom],
      ]),
      class: 'axis',
    }),
    ...labels,
  ].join('');
}

/** Ticks at round values; the ends of the data, or those the axis asks for, widened to the next ones. */
function place(axis: Axis, values: readonly number[], range: readonly [number, number]): Placed {
  const shown = [...values, axis.from, axis.to].filter(
    (value): value is number => value !== undefined && (axis.scale === 'linear' || value > 0),
  );
  const low = shown.reduce((a, b) => Math.min(a, b), shown[0] ?? 1);
  const high = shown.reduce((a, b) => Math.max(a, b), shown[0] ?? 1);
  const isX = range[0] < range[1];
  if (axis.scale === 'log') {
    const scale = scaleLog([low, high > low ? high : low * 10], range).nice();
    const [first, last] = scale.domain() as [number, number];
    return { scale, ticks: logTicks(first, last) };
  }
  const scale = scaleLinear([axis.from ?? low, high > low ? high : low + 1], range).nice(5);
  return { scale, ticks: scale.ticks(isX ? 4 : 5) };
}

/** Powers of ten, at most six; with few of them 2 and 5 as well. */
function logTicks(first: number, last: number): readonly number[] {
  const decades = Math.round(Math.log10(last / first));
  const every = Math.ceil(decades / 5);
  const powers = Array.from({ length: Math.floor(decades / every) + 1 }, (_, index) => first * 10 ** (index * every));
  if (decades > 2) return powers;
  return powers.flatMap((power) => [power, 2 * power, 5 * power]).filter((tick) => tick <= last * 1.001);
}

function drawYAxis(axis: Axis, { scale, ticks }: Placed): string {
  const lines = ticks.map((tick) =>
    element('path', {
      d: path([
        [PLOT.left, scale(tick)],
        [PLOT.right, scale(tick)],
      ]),
      class: 'grid',
    }),
  );
  const labels = ticks.map((tick) =>
    element('text', { x: PLOT.left - 6, y: scale(tick) + 4, 'text-anchor': 'end' }, escapeText(axis.format(tick))),
  );
  return [...lines, ...labels].join('');
}

function drawXAxis(axis: Axis, { scale, ticks }: Placed): string {
  const line = element('path', {
    d: path([
      [PLOT.left, PLOT.bottom],
      [PLOT.right, PLOT.bottom],
    ]),
    class: 'axis',
  });
  const labels = ticks.map((tick) => {
    const at = scale(tick);
    const anchor = at > PLOT.right - 16 ? 'end' : 'middle';
    return (
      element('path', {
        d: path([
          [at, PLOT.bottom],
          [at, PLOT.bottom + 5],
        ]),
        class: 'axis',
      }) +
      element(
        'text',
        { x: anchor === 'end' ? WIDTH : at, y: PLOT.bottom + 18, 'text-anchor': anchor },
        escapeText(axis.format(tick)),
      )
    );
  });
  const name = element(
    'text',
    { x: (PLOT.left + PLOT.right) / 2, y: PLOT.bottom + 38, 'text-anchor': 'middle' },
    escapeText(axis.label),
  );
  return [line, ...labels, name].join('');
}
