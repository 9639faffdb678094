/** The report's one style sheet: light and dark, a phone and a desk, print. Series colours hold 3:1 against their ground. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #ffffff; --card: #f5f6f8; --ink: #1b1f27; --soft: #4d5563; --line: #d3d7de; --span: #e3e6eb;
  --s0: #0b62a4; --s1: #b34a00; --s2: #1d7a4c; --s3: #8a3d9e; --s4: #8a6500; --s5: #b0305c; --s6: #3f5a6b; --s7: #5b4bd1; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171c; --card: #1d2128; --ink: #eceef2; --soft: #b4bcc8; --line: #3a414c; --span: #2b313b;
  --s0: #6cb6f0; --s1: #f0985a; --s2: #62c794; --s3: #d194e0; --s4: #d9b23d; --s5: #f08cab; --s6: #a5bccb; --s7: #aaa1f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 20px 16px 48px; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 8px; }
h2 { font-size: 1.2rem; margin: 0 0 6px; }
p { margin: 0 0 12px; max-width: 72ch; }
header, section { margin-bottom: 28px; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; margin: 0; padding: 0; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 16px 0 0; }
dl.facts div { background: var(--card); border-radius: 8px; padding: 10px 12px; }
dt { color: var(--soft); font-size: 0.85rem; }
dd { margin: 0; font-size: 1.1rem; font-weight: 600; overflow-wrap: anywhere; }
.beside { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 900px) { .beside { grid-template-columns: repeat(2, minmax(0, 1fr)); align-items: start; } .beside > :last-child:nth-child(odd) { grid-column: 1 / -1; } }
figure { margin: 0; background: var(--card); border-radius: 8px; padding: 12px; }
figcaption { font-weight: 600; margin-bottom: 6px; }
.scroll { overflow: auto; max-height: 400px; }
.scroll:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid var(--s0); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px 4px 0; text-align: left; border-top: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
thead th { position: sticky; top: 0; background: var(--card); border-top: 0; white-space: normal; vertical-align: bottom; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; }
pre { overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--card); padding: 12px; border-radius: 8px; font-size: 0.85rem; }
a { color: var(--s0); }
.plot { display: block; width: 100%; max-width: 560px; height: auto; }
.plot text { fill: var(--ink); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
.plot .name { fill: var(--soft); }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--soft); stroke-width: 1; }
.span { fill: var(--span); }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.band { stroke: none; opacity: 0.22; }
${Array.from({ length: 8 }, (_, n) => `.line.s${n} { stroke: var(--s${n}); } .bar.s${n}, .point.s${n}, .band.s${n} { fill: var(--s${n}); }`).join('\n')}
.line.s1 { stroke-dasharray: 7 3; } .line.s2 { stroke-dasharray: 2 3; } .line.s3 { stroke-dasharray: 9 3 2 3; } .line.s4 { stroke-dasharray: 12 4; }
@media print { .scroll { max-height: none; } }
`;
