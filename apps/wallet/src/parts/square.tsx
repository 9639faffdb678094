/** Modules of light around a code (ISO/IEC 18004, 6.3.8), of which the encoder draws two. */
const QUIET = 4;
const DRAWN = 2;

/** A QR code as one path: dark on light whatever the colours around it, so that every camera reads it. */
export function Square(props: { readonly modules: readonly (readonly boolean[])[]; readonly label: string }) {
  const { modules, label } = props;
  const [start, size] = [DRAWN - QUIET, modules.length + 2 * (QUIET - DRAWN)];
  const path = modules.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg className="square" role="img" aria-label={label} viewBox={`${start} ${start} ${size} ${size}`}>
      <rect x={start} y={start} width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
