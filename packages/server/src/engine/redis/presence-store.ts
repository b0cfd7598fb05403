/** Presence as Redis has it: one method a script, one round trip each. Knows the keys; remembers nothing. */
import type { RoomKey } from '../../model/room-key.ts'
import type { Partition, Redis, Reply } from '../../redis/redis.ts'
import { readScript } from '../../redis/script.ts'
import type { PresenceEntry } from '../presence.ts'
import {
  entriesKey,
  leaseOf,
  leasesKey,
  ledgerKey,
  membersKey,
  presenceEnvelope,
  roomChannel,
} from './presence-keys.ts'
import { type Snapshot, snapshotOf } from './presence-message.ts'

/** What a session says of itself. */
export type Own = {
  readonly entry: PresenceEntry
  /** Canonical JSON. */
  readonly state: string
  /** Since when the user is in, ms; 0 where it is not known. */
  readonly since: string
}

/** Every answer says in which life the partition is: see {@link PresenceLives}. */
type InLife = { readonly life: string }
export type Done = { readonly room: RoomKey; readonly message: string }
export type Entered = InLife & { readonly since: string; readonly done: readonly Done[] }
/** `over`: how many leases and graces were over. */
export type Finished = InLife & { readonly over: number; readonly done: readonly Done[] }
export type Renewed = InLife & { readonly missing: readonly string[] }

export type Mercy = { readonly quietMs: number; readonly mercyMs: number }

const scripts = {
  enter: readScript(new URL('./scripts/presence-enter.lua', import.meta.url)),
  end: readScript(new URL('./scripts/presence-end.lua', import.meta.url)),
  read: readScript(new URL('./scripts/presence-read.lua', import.meta.url)),
  renew: readScript(new URL('./scripts/presence-renew.lua', import.meta.url)),
}

/** Every method @throws FanfareError `unavailable` */
export class PresenceStore {
  readonly #redis: Redis
  readonly #leaseMs: number

  constructor(redis: Redis, { leaseMs }: { readonly leaseMs: number }) {
    this.#redis = redis
    this.#leaseMs = leaseMs
  }

  /** `hold`: it is so already, as far as this node knows. */
  async enter({ entry, state, since }: Own, how: 'enter' | 'hold'): Promise<Entered> {
    const { room, userId, session } = entry
    const partition = this.#redis.partitionOf(room)
    const reply = await this.#redis.run(partition, {
      script: scripts.enter,
      keys: [
        membersKey(this.#redis, partition, room),
        entriesKey(this.#redis, partition, room),
        leasesKey(this.#redis, partition),
        ledgerKey(this.#redis, partition),
      ],
      args: [
        roomChannel(this.#redis, partition, room),
        presenceEnvelope,
        leaseOf(entry),
        leaseOf({ ...entry, session: '' }),
        this.#leaseMs,
        session,
        userId,
        state,
        how,
        since,
      ],
    })
    const [life, began, message] = reply as [string, string, string]
    return { life, since: began, done: message === '' ? [] : [{ room, message }] }
  }

  async leave(entry: PresenceEntry, { graceMs }: { readonly graceMs: number }): Promise<Finished> {
    return await this.#end(this.#redis.partitionOf(entry.room), ['leave', leaseOf(entry), graceMs])
  }

  async sweep(partition: Partition, { limit, mercy }: { limit: number; mercy: Mercy }): Promise<Finished> {
    return await this.#end(partition, ['sweep', limit, mercy.quietMs, mercy.mercyMs])
  }

  async read(room: RoomKey): Promise<Snapshot> {
    const partition = this.#redis.partitionOf(room)
    const keys = [membersKey(this.#redis, partition, room), ledgerKey(this.#redis, partition)]
    return snapshotOf(await this.#redis.run(partition, { script: scripts.read, keys, args: [] }))
  }

  /** @param leases at most 500 */
  async renew(partition: Partition, leases: readonly string[]): Promise<Renewed> {
    const keys = [leasesKey(this.#redis, partition), ledgerKey(this.#redis, partition)]
    const reply = await this.#redis.run(partition, { script: scripts.renew, keys, args: [this.#leaseMs, ...leases] })
    const [life, ...missing] = reply as [string, ...string[]]
    return { life, missing }
  }

  async #end(partition: Partition, rest: readonly (string | number)[]): Promise<Finished> {
    const reply = await this.#redis.run(partition, {
      script: scripts.end,
      keys: [leasesKey(this.#redis, partition), ledgerKey(this.#redis, partition)],
      args: [
        membersKey(this.#redis, partition, ''),
        entriesKey(this.#redis, partition, ''),
        roomChannel(this.#redis, partition, ''),
        presenceEnvelope,
        ...rest,
      ],
    })
    return finishedOf(reply)
  }
}

const finishedOf = (reply: Reply): Finished => {
  const [life, over, ...told] = reply as [string, number, ...string[]]
  const done: Done[] = []
  for (let index = 0; index < told.length; index += 2) {
    done.push({ room: told[index] as RoomKey, message: told[index + 1]! })
  }
  return { life, over, done }
}
