import { open } from 'node:fs/promises'

/** Makes created and removed entries of a directory survive a power cut; where directories cannot be synced, does nothing. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => undefined)
  try {
    await handle?.sync()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'EINVAL' && code !== 'EPERM' && code !== 'ENOTSUP') throw cause
  } finally {
    await handle?.close()
  }
}
