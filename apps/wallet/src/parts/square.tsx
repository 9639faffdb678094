/** A QR code as one path: dark on light whatever the colours around it, so that every camera reads it. */
export function Square(props: { readonly modules: readonly (readonly boolean[])[]; readonly label: string }) {
  const { modules, label } = props;
  const path = modules.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg className="square" role="img" aria-label={label} viewBox={`0 0 ${modules.length} ${modules.length}`}>
      <rect width={modules.length} height={modules.length} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
