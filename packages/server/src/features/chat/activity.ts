/**
 * Tells members who are online how their rooms stand, in `chats:<userId>`, so that a device shows unread counts without being
 * in each room. Many messages are one word: the newest state, read once it is told. Best effort: who was away asks `chat:list`.
 */
import type { ChatActivity } from '@fanfare/protocol'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Rows, Store } from '../../store/store.ts'
import { inParts } from './in-parts.ts'
import { bounds } from './options.ts'
import { placeOf } from './rows.ts'

export type Activity = {
  /** A message came into a room of so many members. */
  spoken(tenantId: string, roomId: string, members: number): void
  /** A user has read on. */
  read(tenantId: string, roomId: string, userId: string): void
  close(): Promise<void>
}

export type ActivityParts = {
  readonly store: Store
  readonly clock: Clock
  isOnline(tenantId: string, userId: string): Promise<boolean>
  tell(tenantId: string, userId: string, activity: ChatActivity): Promise<void>
  failed(error: unknown): void
}

/** From the first word to its telling. */
const gatherMs = 200
/** Of its time a node gives this at most to it: where a telling took long, the next waits longer. */
const share = 0.1
/** Other nodes' sessions are known after a while: who does not seem to be online is looked for once more. */
const againMs = 3_000
/** Rooms and members that wait in one tenant; what comes on top is told when something is said there again. */
const mostWaiting = 20_000
/** Values of one query, and users who are looked for or told at a time. */
const atOnce = 200

type Waiting = { readonly rooms: Set<string>; readonly places: Set<string> }

/** As one member is told of one room. */
type Row = {
  readonly user_id: string
  readonly room_id: string
  readonly last_number: number
  readonly read_number: number
}

export const createActivity = (parts: ActivityParts): Activity => {
  const { clock } = parts
  const waiting = new Map<string, Waiting>()
  const timers = new Set<Timer>()
  let gathering = false
  let telling: Promise<void> = Promise.resolve()
  let restUntil = 0
  let closed = false

  const after = (ms: number, run: () => void): void => {
    if (closed) return
    const timer = clock.after(ms, () => {
      timers.delete(timer)
      run()
    })
    timers.add(timer)
  }
  const gather = (): void => {
    if (gathering) return
    gathering = true
    after(Math.max(gatherMs, restUntil - clock.now()), () => {
      gathering = false
      const begun = clock.now()
      telling = telling.then(tellAll).then((away) => {
        // What could not be told took no time of those who serve: it is tried again soon, however long that took to show.
        restUntil = clock.now() + (away ? againMs : (clock.now() - begun) / share)
        if (away) gather()
      })
    })
  }
  const of = (tenantId: string): Waiting => {
    const known = waiting.get(tenantId) ?? { rooms: new Set(), places: new Set() }
    waiting.set(tenantId, known)
    return known
  }
  /** Never rejects. @returns whether something waits again */
  const tellAll = async (): Promise<boolean> => {
    const all = [...waiting]
    waiting.clear()
    for (const [index, [tenantId, due]] of all.entries()) {
      try {
        const away = await tellTenant(parts, tenantId, due)
        if (away.length > 0) after(againMs, () => void lookAgain(tenantId, away).catch(parts.failed))
      } catch (error) {
        // The store is away: for those that come after too.
        parts.failed(error)
        for (const [tenant, left] of all.slice(index)) putBack(tenant, left)
        return true
      }
    }
    return false
  }
  const putBack = (tenantId: string, left: Waiting): void => {
    const { rooms, places } = of(tenantId)
    for (const room of left.rooms) if (rooms.size < mostWaiting) rooms.add(room)
    for (const place of left.places) if (places.size < mostWaiting) places.add(place)
  }
  const lookAgain = async (tenantId: string, away: readonly string[]): Promise<void> => {
    await tellTenant(parts, tenantId, { rooms: new Set(), places: new Set(away) })
  }

  return {
    spoken(tenantId, roomId, members) {
      if (members > bounds.activityMembers) return
      const { rooms } = of(tenantId)
      if (rooms.size >= mostWaiting) return
      rooms.add(roomId)
      gather()
    },
    read(tenantId, roomId, userId) {
      const { places } = of(tenantId)
      if (places.size >= mostWaiting) return
      places.add(placeOf(roomId, userId))
      gather()
    },
    async close() {
      closed = true
      for (const timer of timers) timer.cancel()
      timers.clear()
      await telling
    },
  }
}

/** The places of those who are not online. */
const tellTenant = async (parts: ActivityParts, tenantId: string, due: Waiting): Promise<readonly string[]> => {
  const found = await parts.store
    .of(tenantId)
    .read(async (rows) => [
      ...(await inParts([...due.rooms], atOnce, (some) =>
        stands(rows).where('chat_member.room_id', 'in', some).execute(),
      )),
      ...(await inParts([...due.places], atOnce, (some) => stands(rows).where('place', 'in', some).execute())),
    ])
  const byPlace = new Map(found.map((row) => [placeOf(row.room_id, row.user_id), row]))
  const online = await whoIsOnline(parts, tenantId, [...new Set(found.map(({ user_id }) => user_id))])
  const told = [...byPlace.values()].filter(({ user_id }) => online.has(user_id))
  await inParts(told, atOnce, async (some) => {
    await Promise.all(some.map((row) => parts.tell(tenantId, row.user_id, activityOf(row)).catch(parts.failed)))
    return []
  })
  return [...byPlace].filter(([, { user_id }]) => !online.has(user_id)).map(([place]) => place)
}

const whoIsOnline = async (
  parts: ActivityParts,
  tenantId: string,
  users: readonly string[],
): Promise<ReadonlySet<string>> =>
  new Set(
    await inParts(users, atOnce, async (some) => {
      const online = await Promise.all(some.map((userId) => parts.isOnline(tenantId, userId)))
      return some.filter((_, index) => online[index])
    }),
  )

const stands = (rows: Rows) =>
  rows
    .selectFrom('chat_member')
    .innerJoin('chat_room', 'chat_room.id', 'chat_member.room_id')
    .select(['chat_member.user_id', 'chat_member.room_id', 'chat_room.last_number', 'chat_member.read_number'])

const activityOf = ({ room_id, last_number, read_number }: Row): ChatActivity => ({
  roomId: room_id,
  lastNumber: last_number,
  read: read_number,
  unread: last_number - read_number,
})
