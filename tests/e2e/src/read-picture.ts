/** Runs in the page: what stands on the viewer's canvas, as a number of different shades and a number that changes with any of them. */
export function readPicture(): { shades: number; digest: number } {
  const canvas = document.querySelector('figure canvas');
  const context = canvas instanceof HTMLCanvasElement ? canvas.getContext('2d') : null;
  if (!(canvas instanceof HTMLCanvasElement) || context === null || canvas.width === 0) return { shades: 0, digest: 0 };
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let digest = 7;
  const shades = new Set<number>();
  for (let at = 0; at < data.length; at += 4) {
    shades.add(data[at] as number);
    digest = (Math.imul(digest, 31) + (data[at] as number)) | 0;
  }
  return { shades: shades.size, digest };
}
