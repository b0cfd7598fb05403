/**
 * Writes what a tick asked of durable rooms in one transaction: then, and only then, is it acknowledged and delivered, in
 * order (I2). When the transaction fails, nothing of it happened: offsets that nobody saw are given out again.
 */
import type { DatabaseSync } from 'node:sqlite'
import { FanfareError, type Position } from '@fanfare/protocol'
import type { Deferred } from '../../lib/deferred.ts'
import { shortId } from '../../lib/ids.ts'
import type { Draft, Published } from '../room-log.ts'
import { asInteger, type DurableRoom, type Standing } from './durable-room.ts'
import type { Tables } from './tables.ts'

export type PublishOperation = {
  readonly kind: 'publish'
  readonly room: DurableRoom
  readonly draft: Draft
  /** The draft as JSON. */
  readonly body: string
  readonly key: string | undefined
  readonly react: boolean
  /** When it was taken, ms since 1970. */
  readonly at: number
  readonly settle: Deferred<Published>
}
export type ForgetOperation = { readonly kind: 'forget'; readonly room: DurableRoom; readonly settle: Deferred<void> }
export type Operation = PublishOperation | ForgetOperation

/** An operation and the position at which the group put it. */
export type Written = { readonly operation: Operation; readonly position: Position }

export type GroupCommitOptions = {
  readonly database: DatabaseSync
  readonly tables: Tables
  /** The number of the last group that is on disk, told after its commit. */
  readonly committed: (group: number) => void
  /** Called in order, once the operations are on disk. */
  readonly apply: (written: readonly Written[], standings: ReadonlyMap<DurableRoom, Standing>) => void
  readonly group: number
  readonly idempotencyMs: number
}

/** Ends a group early, so that one commit does not hold up the node. */
const groupOperations = 2_000
const groupChars = 4 * 1024 * 1024
/** Beyond either the disk cannot keep up, and publishes are refused. */
const mostWaiting = 50_000
const mostWaitingChars = 64 * 1024 * 1024
/** Trimmed events leave the disk in runs: at least this many, at most so many in one group. */
const trimFrom = 512
const trimMost = 4_096

export class GroupCommit {
  readonly #options: GroupCommitOptions
  #waiting: Operation[] = []
  #waitingChars = 0
  #reacted: string[] = []
  #scheduled = false
  #group: number

  constructor(options: GroupCommitOptions) {
    this.#options = options
    this.#group = options.group
  }

  /** @throws FanfareError `overloaded` */
  add(operation: Operation): void {
    const chars = charsOf(operation)
    if (this.#waiting.length >= mostWaiting || this.#waitingChars + chars > mostWaitingChars) {
      throw new FanfareError('overloaded', 'More publishes wait for the disk than it can take.', {
        retryAfterMs: 1_000,
      })
    }
    operation.room.waiting++
    this.#waitingChars += chars
    this.#waiting.push(operation)
    this.#schedule()
  }

  /** Removes the mark of an unreacted event with the next group; until then a crash repeats the reaction. */
  reacted(id: string): void {
    this.#reacted.push(id)
  }

  /** Commits everything that waits. */
  drain(): void {
    do this.#flush()
    while (this.#waiting.length > 0)
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
      if (this.#waiting.length > 0) this.#schedule()
    })
  }

  #flush(): void {
    if (this.#waiting.length === 0 && this.#reacted.length === 0) return
    const operations = this.#take()
    const reacted = this.#reacted
    this.#reacted = []
    const standings = new Map<DurableRoom, Standing>()
    let written: Written[]
    try {
      written = this.#commit({ operations, reacted, standings })
    } catch (error) {
      this.#reacted = [...reacted, ...this.#reacted]
      this.#refuse(operations, error)
      return
    }
    for (const { room } of operations) room.waiting--
    this.#options.committed(this.#group)
    this.#options.apply(written, standings)
  }

  #take(): Operation[] {
    let count = 0
    let chars = 0
    while (count < this.#waiting.length && count < groupOperations && chars < groupChars) {
      chars += charsOf(this.#waiting[count++]!)
    }
    this.#waitingChars -= chars
    if (count === this.#waiting.length) {
      const all = this.#waiting
      this.#waiting = []
      return all
    }
    return this.#waiting.splice(0, count)
  }

  #commit(group: {
    operations: readonly Operation[]
    reacted: readonly string[]
    standings: Map<DurableRoom, Standing>
  }) {
    const { tables, database } = this.#options
    database.exec('BEGIN IMMEDIATE')
    try {
      const written = group.operations.map((operation) => this.#write(operation, group.standings))
      for (const [room, standing] of group.standings) this.#saveRoom(room, standing)
      this.#expireKeys(group.operations)
      for (const id of group.reacted) tables.removeUnreacted.run(id)
      tables.setMeta.run('commits', String(this.#group + 1))
      database.exec('COMMIT')
      this.#group++
      return written
    } catch (error) {
      // SQLite has already rolled back after some errors, such as a full disk.
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  #write(operation: Operation, standings: Map<DurableRoom, Standing>): Written {
    const { room } = operation
    if (operation.kind === 'forget') {
      const { tables } = this.#options
      tables.forgetEvents.run(room.id)
      tables.forgetKeys.run(room.id)
      tables.forgetUnreacted.run(room.id)
      const epoch = shortId()
      standings.set(room, { epoch, top: 0, lowest: 1 })
      return { operation, position: { epoch, offset: 0 } }
    }
    const standing = standings.get(room) ?? begun(room, standings)
    const offset = standing.top + 1
    this.#insert(operation, offset)
    standing.top = offset
    return { operation, position: { epoch: standing.epoch, offset } }
  }

  #insert({ room, at, body, key, react, draft }: PublishOperation, offset: number): void {
    const { tables } = this.#options
    tables.addEvent.run(room.id, offset, at, body)
    if (key !== undefined) tables.addKey.run(room.id, key, at, offset, draft.id, draft.timestamp)
    if (react) tables.addUnreacted.run(draft.id, room.id, offset, at, body)
  }

  /** Twice as many as came, so that however fast they come, keys that count no more do not pile up on the disk. */
  #expireKeys(operations: readonly Operation[]): void {
    let keyed = 0
    let now = 0
    for (const operation of operations) {
      if (operation.kind !== 'publish' || operation.key === undefined) continue
      keyed++
      now = operation.at
    }
    if (keyed > 0) this.#options.tables.expireKeys.run(now - this.#options.idempotencyMs, keyed * 2)
  }

  #saveRoom(room: DurableRoom, standing: Standing): void {
    const { tables } = this.#options
    const { keep, forMs, unique } = room.policy
    if (unique && standing.top === 0) {
      tables.removeRoom.run(room.id)
      return
    }
    tables.saveRoom.run(room.id, room.key, standing.epoch, standing.top, asInteger(keep), asInteger(forMs))
    const trimTo = Math.min(standing.top - asInteger(keep) + 1, standing.lowest + trimMost)
    if (trimTo - standing.lowest < trimFrom) return
    tables.trimEvents.run(room.id, trimTo)
    standing.lowest = trimTo
  }

  #refuse(operations: readonly Operation[], cause: unknown): void {
    for (const { room, settle } of operations) {
      room.waiting--
      settle.reject(
        new FanfareError('unavailable', 'It could not be written to disk, and nothing was changed.', { cause }),
      )
    }
  }
}

/** The room itself keeps its own until the group is on disk. */
const begun = (room: DurableRoom, standings: Map<DurableRoom, Standing>): Standing => {
  const standing = { epoch: room.epoch, top: room.hot.top, lowest: room.lowest }
  standings.set(room, standing)
  return standing
}

const charsOf = (operation: Operation): number => (operation.kind === 'publish' ? operation.body.length : 0)
