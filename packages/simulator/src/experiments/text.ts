/** A result as lines of text: facts, then one table a section. */
import type { Presentation, Table } from './presentation.js';

export function renderText({ title, description, facts, sections }: Presentation): readonly string[] {
  const width = Math.max(...facts.map(([label]) => label.length));
  return [
    title,
    ...(description === '' ? [] : [description]),
    '',
    ...facts.map(([label, value]) => `${label.padEnd(width)}  ${value}`),
    ...sections.flatMap(({ table }) => ['', table.caption, ...renderTable(table)]),
  ];
}

function renderTable({ columns, rows }: Table): readonly string[] {
  const lines = [columns.map(({ label }) => label), ...rows];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)));
  return lines.map((line) =>
    line
      .map((text, at) => (columns[at]?.isNumber ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
