/** SVG as text. Everything that came from a scenario is escaped here and nowhere else. */

/** Text inside an element or a quoted attribute. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...children: readonly string[]
): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeText(typeof value === 'number' ? coordinate(value) : String(value))}"`);
  return `<${name}${written.join('')}>${children.join('')}</${name}>`;
}

/** A tenth of a unit is finer than any screen shows. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export function path(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${coordinate(x)} ${coordinate(y)}`).join('');
}
