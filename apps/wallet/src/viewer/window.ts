/** From two sliders to the range of values that is shown between black and white (PS3.3, C.11.2.1.2). */

/** What a file says: the value in the middle, and how many there are from black to white. */
export interface Window {
  readonly center: number;
  readonly width: number;
}

/** 0 to 100 each; 50 is as the file says. */
export interface Light {
  readonly brightness: number;
  readonly contrast: number;
}

export const LIGHT_AS_MADE: Light = { brightness: 50, contrast: 50 };

export function rangeOf({ center, width }: Window, { brightness, contrast }: Light): { lower: number; upper: number } {
  const middle = center + (width * (50 - brightness)) / 50;
  // From eight times as many values down to an eighth.
  const half = (width * 2 ** ((50 - contrast) * (3 / 50))) / 2;
  return { lower: middle - half, upper: middle + half };
}

/** Both, moved and kept in bounds. */
export function moved({ brightness, contrast }: Light, by: Light): Light {
  const within = (value: number): number => Math.min(100, Math.max(0, Math.round(value)));
  return { brightness: within(brightness + by.brightness), contrast: within(contrast + by.contrast) };
}
