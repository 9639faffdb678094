import { ImagingError } from '../errors.js';

/**
 * The system's own errors name paths, and paths in archives hold names of patients.
 * @throws {ImagingError} `FOLDER_UNUSABLE` instead
 */
export async function withSystemErrors<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (error instanceof ImagingError || syscall === undefined) throw error;
    const info = { code: 'FOLDER_UNUSABLE', systemCode: code ?? 'unknown' } as const;
    throw new ImagingError(info, 'expected a folder that can be read and written to');
  }
}
