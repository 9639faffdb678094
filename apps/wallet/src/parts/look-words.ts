import type { Look } from '../model/readings.js';
import type { Texts } from '../texts/index.js';

/** "Lakeside Orthopaedics opened MRI, knee"; what was copied automatically is said with how often. */
export function lookSaid({ who, study, times }: Look, { looked, person, roles, study: names }: Texts): string {
  const label = study.label ?? names.unnamed;
  if (who === 'self') return looked.youOpened(label);
  const byRole = who !== undefined && 'role' in who;
  const name = who === undefined ? looked.unknown : (who.name ?? (byRole ? roles.unnamed : person.unnamed));
  return times === 1 || byRole ? looked.opened(name, label) : looked.copied(name, label, times);
}
