/** Devices that her images were brought back on. Spec: docs/spec/wallet-keys.md, section 18. */
import { equalBytes } from '@radledger/primitives';
import type { NotedDevice } from './owner-note.js';
import { DEVICES_MAX, type DeviceRecord } from './wallet-state.js';

/** Those that are known, and those of a note that were not: she is asked about these. The newest are kept, and this device itself. */
export function withDevices(known: readonly DeviceRecord[], noted: readonly NotedDevice[]): readonly DeviceRecord[] {
  const unknown = noted.filter(({ id }) => !known.some((device) => equalBytes(device.id, id)));
  const all = [...known, ...unknown.map((device): DeviceRecord => ({ ...device, standing: 'new' }))];
  const rank = ({ standing, atMs }: DeviceRecord): number => (standing === 'own' ? Infinity : atMs);
  return all.sort((a, b) => rank(b) - rank(a)).slice(0, DEVICES_MAX);
}
