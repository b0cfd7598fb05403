/**
 * One process for each data folder. The lock is the kernel's (through SQLite's exclusive file lock), so it is atomic, ends
 * with its process however that dies, and cannot be stolen or confused by a process id that comes again. The pid file
 * beside it is only for saying who holds it.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { FanfareError } from '@fanfare/protocol'

export const lockFileName = 'fanfare.lock'
const pidFileName = 'fanfare.pid'

export type FolderLock = { release(): void }

/**
 * @throws FanfareError `unavailable` within a second, naming the pid of the process that holds the lock, or what is wrong
 * with the folder
 */
export const takeLock = async (folder: string): Promise<FolderLock> => {
  const path = join(folder, lockFileName)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path)
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    if (!/locked|busy/i.test(String(error))) throw notLocked(path, error)
    const holder = await holderOf(folder)
    throw new FanfareError(
      'unavailable',
      `The data folder ${folder} is in use by ${holder}. Stop it, or give this one another folder.`,
      { cause: error },
    )
  }
  const pidFile = join(folder, pidFileName)
  try {
    const holder = { pid: process.pid, startedAt: startOf(process.pid) }
    writeFileSync(`${pidFile}.new`, `${JSON.stringify(holder)}\n`, { mode: 0o600 })
    renameSync(`${pidFile}.new`, pidFile)
  } catch (error) {
    database.close()
    throw notLocked(pidFile, error)
  }
  // Also what keeps the database from being collected as garbage, and the lock with it, when nobody keeps the folder.
  const release = () => {
    process.off('exit', release)
    rmSync(pidFile, { force: true })
    database.close()
  }
  process.on('exit', release)
  return { release }
}

const notLocked = (path: string, cause: unknown): FanfareError =>
  new FanfareError(
    'unavailable',
    `The data folder cannot be locked: ${path}: ${cause instanceof Error ? cause.message : String(cause)}. ` +
      'See that its disk has room and that the user who runs Fanfare may write there; a damaged lock file may be deleted.',
    { cause },
  )

/** The holder may have locked an instant ago and not yet have written its pid: a name that is not alive is asked for again. */
const holderOf = async (folder: string): Promise<string> => {
  for (let tries = 0; tries < 16; tries++) {
    const pid = readHolder(join(folder, pidFileName))
    if (pid !== undefined) return `process ${pid}`
    await sleep(50)
  }
  return 'another process, which may be on another machine or in another container'
}

const readHolder = (pidFile: string): number | undefined => {
  let text: string
  try {
    text = readFileSync(pidFile, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const { pid, startedAt } = JSON.parse(text) as { pid: number; startedAt: string | undefined }
  return isAlive(pid) && startOf(pid) === startedAt ? pid : undefined
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When the process began, in clock ticks since boot; tells it from a later one with its id. Undefined where there is no /proc. */
const startOf = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may itself hold spaces and parentheses; the start time is field 22, 20th after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
