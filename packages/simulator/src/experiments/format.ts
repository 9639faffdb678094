/** Numbers for people, equal in every locale. */

export const integer = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');

/** Three significant digits, without an exponent down to a ten-thousandth. */
export function short(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return integer(value);
  if (size < 1e-4) return Number(value.toPrecision(3)).toExponential();
  return String(Number(value.toPrecision(3)));
}

export const percent = (share: number): string => `${short(share * 100)}%`;
export const seconds = (ms: number): string => `${short(ms / 1000)} s`;

/** 1,536 is 1.5 KiB. */
export function byteCount(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const at = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  return `${short(value / 1024 ** at)} ${units[at]}`;
}
