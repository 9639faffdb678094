/**
 * Asks the browser to keep what rests here. Unasked it may clear it when the device is short of room, or when nobody came for some weeks.
 * Whatever it answers, nothing else changes: the ways back are the sheet and the helpers.
 */
export async function keepStored(storage: Pick<StorageManager, 'persisted' | 'persist'> | undefined): Promise<void> {
  try {
    // A browser may ask its holder each time.
    if ((await storage?.persisted()) === false) await storage?.persist();
  } catch {
    // a browser that keeps nothing for long, or does not know the question
  }
}
