/**
 * Opens the database of durable rooms and decides whether it is the one that was left: an older copy, put in its place,
 * has counted fewer groups than the counter beside it, and then every room begins a new epoch (I4).
 */
import type { DatabaseSync } from 'node:sqlite'
import { shortId } from '../../lib/ids.ts'
import type { Log } from '../../lib/log.ts'
import type { EngineCounter, EngineDisk } from './disk.ts'
import { migrations, prepareTables, type Tables } from './tables.ts'

export type OpenedDatabase = {
  readonly database: DatabaseSync
  readonly tables: Tables
  readonly counter: EngineCounter
  /** How many groups were committed. */
  readonly group: number
  /** The epoch of rooms that have no row yet; it survives restarts, so that an empty room is not taken for a lost one. */
  readonly unwrittenEpoch: string
  readonly lastRoomId: number
  /** Ids of the events whose reactions an earlier process left undone. */
  readonly leftUndone: ReadonlySet<string>
}

/** @throws what SQLite throws */
export const openDatabase = (disk: EngineDisk, log: Log): OpenedDatabase => {
  const database = disk.database('rooms', { migrations })
  const counter = disk.counter('rooms')
  try {
    const tables = prepareTables(database)
    const group = beginOrContinue({ database, tables, counted: counter.read(), log })
    const unwrittenEpoch = tables.getMeta.get('epoch')!.value as string
    const lastRoomId = tables.lastRoomId.get()!.id as number
    const leftUndone = new Set((tables.unreactedIds.all() as unknown as { readonly id: string }[]).map(({ id }) => id))
    return { database, tables, counter, group, unwrittenEpoch, lastRoomId, leftUndone }
  } catch (error) {
    database.close()
    counter.close()
    throw error
  }
}

type Found = { readonly database: DatabaseSync; readonly tables: Tables; readonly counted: number; readonly log: Log }

const beginOrContinue = ({ database, tables, counted, log }: Found): number => {
  const group = Number(tables.getMeta.get('commits')?.value ?? 0)
  if (group >= counted && tables.getMeta.get('epoch')) return group
  if (group < counted) {
    log.warn({ group, counted }, 'the rooms database is an older copy: every durable room begins a new epoch')
  }
  database.exec('BEGIN IMMEDIATE')
  tables.renewEpochs.run()
  tables.setMeta.run('epoch', shortId())
  tables.setMeta.run('commits', String(counted))
  database.exec('COMMIT')
  return counted
}
