/** One self-contained HTML page: no script, nothing fetched. */
import type { ExperimentResult } from '../experiment.js';
import { present } from '../present.js';
import type { Section, Table } from '../presentation.js';
import { drawChart } from './plot.js';
import { STYLE } from './style.js';
import { escapeText } from './svg.js';

/** @returns a whole HTML document in UTF-8 */
export function renderReport(result: ExperimentResult): string {
  const { title, description, facts, sections } = present(result);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escapeText(title)}</h1>
<p>${escapeText(description)}</p>
<nav aria-label="Sections"><ul>${sections.map(({ heading }, index) => `<li><a href="#section-${index}">${escapeText(heading)}</a></li>`).join('')}<li><a href="#again">Run it again</a></li></ul></nav>
<dl class="facts">${facts.map(([label, value]) => `<div><dt>${escapeText(label)}</dt><dd>${escapeText(value)}</dd></div>`).join('')}</dl>
</header>
<main>
${sections.map(renderSection).join('\n')}
<section id="again">
<h2>Run it again</h2>
<p>This scenario and its seed decide every figure except CPU time. Save it as a file and give it to <code>radledger simulate</code>.</p>
<pre tabindex="0" role="region" aria-label="Scenario file">${escapeText(JSON.stringify(result.scenario, undefined, 2))}</pre>
</section>
</main>
</body>
</html>
`;
}

function renderSection(section: Section, index: number): string {
  const figures = section.charts.map(
    (chart, at) =>
      `<figure><figcaption>${escapeText(chart.title)}</figcaption>${drawChart(chart, `plot-${index}-${at}`)}</figure>`,
  );
  return `<section id="section-${index}">
<h2>${escapeText(section.heading)}</h2>
<p>${escapeText(section.text)}</p>
<div class="beside">${figures.join('')}${renderTable(section.table, `table-${index}`)}</div>
</section>`;
}

/** Scrolls inside itself, by keyboard too: the page never does sideways. */
function renderTable({ caption, columns, rows }: Table, id: string): string {
  const cell = (tag: string, text: string, isNumber: boolean, scope = ''): string =>
    `<${tag}${scope}${isNumber ? ' class="n"' : ''}>${escapeText(text)}</${tag}>`;
  const head = columns.map(({ label, isNumber }) => cell('th', label, isNumber, ' scope="col"')).join('');
  const body = rows.map((row) => {
    const cells = row.map((text, at) => {
      const isNumber = columns[at]?.isNumber ?? false;
      return at === 0 ? cell('th', text, isNumber, ' scope="row"') : cell('td', text, isNumber);
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<figure><figcaption id="${id}">${escapeText(caption)}</figcaption><div class="scroll" tabindex="0" role="region" aria-labelledby="${id}"><table aria-labelledby="${id}"><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div></figure>`;
}
