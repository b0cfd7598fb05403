/**
 * The folder in which one node keeps what must outlive it: made private, locked against a second process, and the giver
 * of its databases and counters. What is in them is the affair of those who ask.
 */
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { FanfareError } from '@fanfare/protocol'
import { lockFileName, takeLock } from './folder-lock.ts'
import { openSqlite, type SqliteOptions } from './sqlite.ts'

/** A number in a file of its own, beside a database that may be replaced by an older copy of itself. */
export type FolderCounter = {
  /** 0 before the first write. */
  read(): number
  /** Not synced: after a power cut an earlier value may be read, never a later one. */
  write(value: number): void
  close(): void
}

export type DataFolder = {
  /** Absolute or as given; for small files of the caller's own, such as a development secret. */
  readonly path: string
  /** Opens `<name>.sqlite`; whoever asks closes it, before the folder. */
  database(name: string, options: Omit<SqliteOptions, 'path'>): DatabaseSync
  counter(name: string): FolderCounter
  /** Lets another process have the folder. */
  close(): void
}

/**
 * Makes the folder if need be (mode 0700) and locks it.
 *
 * @throws FanfareError `unavailable` when it cannot be used, naming the process that has it
 */
export const openDataFolder = async (path: string): Promise<DataFolder> => {
  try {
    makePrivate(path)
  } catch (error) {
    throw new FanfareError('unavailable', `The data folder ${path} cannot be used: ${messageOf(error)}. ${usable}`, {
      cause: error,
    })
  }
  const lock = await takeLock(path)
  return {
    path,
    database: (name, options) => openSqlite({ ...options, path: join(path, `${name}.sqlite`) }),
    counter: (name) => openCounter(join(path, `${name}.counter`)),
    close: () => lock.release(),
  }
}

const usable = 'Give a folder that the user who runs Fanfare may read and write (FANFARE_DATA_FOLDER).'

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const makePrivate = (path: string): void => {
  const made = mkdirSync(path, { recursive: true, mode: 0o700 })
  const { mode } = statSync(path)
  if ((mode & 0o077) === 0) return
  // A folder of someone else's (a home, /tmp given by mistake) is not ours to close; an empty one (a new volume) is.
  const names = readdirSync(path)
  if (made !== undefined || names.length === 0 || names.includes(lockFileName)) chmodSync(path, 0o700)
}

const counterDigits = 16

const openCounter = (path: string): FolderCounter => {
  const handle = openForWriting(path)
  return {
    read() {
      const bytes = Buffer.alloc(counterDigits)
      const text = bytes.toString('latin1', 0, readSync(handle, bytes, 0, counterDigits, 0))
      return /^\d{16}$/.test(text) ? Number(text) : 0
    },
    // Of fixed width and in place, so that one write within one disk sector replaces the number as a whole.
    write(value) {
      writeSync(handle, String(value).padStart(counterDigits, '0'), 0)
    },
    close: () => closeSync(handle),
  }
}

/** @throws FanfareError `unavailable` */
const openForWriting = (path: string): number => {
  try {
    closeSync(openSync(path, 'a+', 0o600))
    return openSync(path, 'r+')
  } catch (error) {
    throw new FanfareError('unavailable', `The file ${path} cannot be used: ${messageOf(error)}. ${usable}`, {
      cause: error,
    })
  }
}
