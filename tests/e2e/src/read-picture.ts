/**
 * Runs in the page: what stands on the viewer's canvas, as a number of different shades, a number that changes with any of them, and the mean
 * shade of each of sixteen by sixteen fields.
 */
export function readPicture(): { shades: number; digest: number; fields: number[] } {
  const canvas = document.querySelector('figure canvas');
  const context = canvas instanceof HTMLCanvasElement ? canvas.getContext('2d') : null;
  if (!(canvas instanceof HTMLCanvasElement) || context === null || canvas.width === 0)
    return { shades: 0, digest: 0, fields: [] };
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let digest = 7;
  const shades = new Set<number>();
  for (let at = 0; at < data.length; at += 4) {
    shades.add(data[at] as number);
    digest = (Math.imul(digest, 31) + (data[at] as number)) | 0;
  }
  const { width, height } = canvas;
  const sums = new Array<number>(256).fill(0);
  const counts = new Array<number>(256).fill(0);
  for (let at = 0; at < width * height; at += 1) {
    const field = 16 * Math.floor((16 * Math.floor(at / width)) / height) + Math.floor((16 * (at % width)) / width);
    sums[field] = (sums[field] ?? 0) + (data[4 * at] as number);
    counts[field] = (counts[field] ?? 0) + 1;
  }
  return { shades: shades.size, digest, fields: sums.map((sum, field) => sum / (counts[field] ?? 1)) };
}
