/** What a result looks like, before it is text or HTML: facts, and sections of one plot and one table each. */

export interface Presentation {
  readonly title: string;
  readonly description: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly sections: readonly Section[];
}

export interface Section {
  readonly heading: string;
  /** How to read the plot, and what it says here. */
  readonly text: string;
  readonly charts: readonly Chart[];
  readonly table: Table;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly { readonly label: string; readonly isNumber: boolean }[];
  readonly rows: readonly (readonly string[])[];
}

export interface Axis {
  readonly label: string;
  readonly scale: 'linear' | 'log';
  readonly format: (value: number) => string;
  /** Both ends are always shown; for `log` above 0. */
  readonly from?: number;
  readonly to?: number;
}

export type Chart = XyChart | BarChart;

export interface XyChart {
  readonly kind: 'xy';
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Stretches of x that are shaded, such as a fault. */
  readonly spans?: readonly { readonly label: string; readonly from: number; readonly to: number }[];
}

export interface Series {
  readonly name: string;
  readonly draw: 'line' | 'step' | 'points';
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
}

export interface BarChart {
  readonly kind: 'bars';
  readonly title: string;
  readonly y: Axis;
  readonly categories: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** On top of each other instead of side by side. */
  readonly stacked: boolean;
}
