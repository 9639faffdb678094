export { type ClinicWeek, drawClinicWeek, type WeekOptions } from './clinic-week.js';
export { type LinkabilityFigures, type Linking, measureLinkability } from './measure.js';
export type { Habits } from './week-ledger.js';
