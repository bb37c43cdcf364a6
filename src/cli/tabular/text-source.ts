import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { KymographError } from '../../errors.js'

const READ_BYTES = 262_144

export type ReadProgress = (bytesRead: number, bytesTotal: number) => void

/**
 * The text of a file, piece by piece: unpacked when it is gzipped, without byte order mark.
 *
 * @throws KymographError `import-unreadable` when it is missing, no file, damaged or not UTF-8; `import-empty`.
 */
export async function* readText(path: string, onProgress?: ReadProgress): AsyncGenerator<string, void, undefined> {
  const { byteLength, isGzip } = await examine(path)
  const file = createReadStream(path, { highWaterMark: READ_BYTES })
  const bytes = isGzip ? pipeline(file, createGunzip({ chunkSize: READ_BYTES }), () => {}) : file
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let isFirst = true
  try {
    for await (const piece of bytes as AsyncIterable<Uint8Array>) {
      if (isFirst) refuseBinary(path, piece)
      isFirst = false
      yield decode(path, decoder, piece)
      onProgress?.(file.bytesRead, byteLength)
    }
    yield decode(path, decoder)
  } catch (cause) {
    if (cause instanceof KymographError) throw cause
    throw unreadable(path, cause)
  } finally {
    bytes.destroy()
    file.destroy()
  }
  if (isFirst) throw empty(path)
}

async function examine(path: string): Promise<{ byteLength: number; isGzip: boolean }> {
  try {
    const file = await open(path, 'r')
    try {
      const stat = await file.stat()
      if (!stat.isFile()) {
        const kind = stat.isDirectory() ? 'a directory' : 'no regular file'
        throw new KymographError('import-unreadable', `${path} is ${kind}; name a CSV, TSV or NDJSON file`)
      }
      if (stat.size === 0) throw empty(path)
      const magic = new Uint8Array(2)
      await file.read(magic, 0, 2, 0)
      return { byteLength: stat.size, isGzip: magic[0] === 0x1f && magic[1] === 0x8b }
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof KymographError) throw cause
    throw unreadable(path, cause)
  }
}

function refuseBinary(path: string, piece: Uint8Array): void {
  const isUtf16 = (piece[0] === 0xff && piece[1] === 0xfe) || (piece[0] === 0xfe && piece[1] === 0xff)
  if (isUtf16) {
    throw new KymographError('import-unreadable', `${path} is UTF-16; convert it: iconv -f UTF-16 -t UTF-8`)
  }
  if (piece.subarray(0, 4096).includes(0)) {
    throw new KymographError(
      'import-unreadable',
      `${path} is not text: byte 0 at ${piece.indexOf(0)}; export it as CSV, TSV or NDJSON`,
    )
  }
}

function decode(path: string, decoder: TextDecoder, piece?: Uint8Array): string {
  try {
    return decoder.decode(piece, { stream: piece !== undefined })
  } catch (cause) {
    throw new KymographError('import-unreadable', `${path} is not UTF-8; convert it: iconv -f LATIN1 -t UTF-8`, {
      cause,
    })
  }
}

function empty(path: string): KymographError {
  return new KymographError('import-empty', `${path} is empty: there is nothing to record`)
}

function unreadable(path: string, cause: unknown): KymographError {
  const { code, message } = cause as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file; check the path',
    EACCES: 'permission denied; check who may read it',
    EISDIR: 'it is a directory; name a file',
    Z_BUF_ERROR: 'the gzip file is cut off before its end; copy it again, or unpack what is there with zcat',
    Z_DATA_ERROR: `the gzip file is damaged (${message}); copy it again`,
  }
  return new KymographError('import-unreadable', `cannot read ${path}: ${reasons[code ?? ''] ?? message}`, { cause })
}

/** Tells one state of a file from another: inode, size, time of change. */
export async function fileVersion(path: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true })
  return `${ino}:${size}:${mtimeNs}`
}
