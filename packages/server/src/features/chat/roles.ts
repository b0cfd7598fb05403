/**
 * What users are in rooms, for whoever asks at every subscribe. Nothing is remembered, so nothing is ever stale: those who ask
 * while a query is under way share the next one.
 */
import type { ChatRole } from '@fanfare/protocol'
import type { Store } from '../../store/store.ts'
import { placeOf } from './rows.ts'

export type Roles = {
  /** Undefined for who is no member. @throws FanfareError `unavailable` */
  of(tenantId: string, roomId: string, userId: string): Promise<ChatRole | undefined>
}

type Asked = {
  readonly place: string
  readonly answer: (role: ChatRole | undefined) => void
  readonly fail: (error: unknown) => void
}

/** Of one query. */
const most = 1_000

export const createRoles = (store: Store): Roles => {
  const waiting = new Map<string, Asked[]>()
  const running = new Set<string>()

  const run = async (tenantId: string): Promise<void> => {
    running.add(tenantId)
    // Whoever asks in this turn of the event loop goes along.
    await Promise.resolve()
    for (let asked = take(tenantId); asked.length > 0; asked = take(tenantId)) await answer(store, tenantId, asked)
    running.delete(tenantId)
  }

  const take = (tenantId: string): readonly Asked[] => {
    const all = waiting.get(tenantId) ?? []
    const taken = all.splice(0, most)
    if (all.length === 0) waiting.delete(tenantId)
    return taken
  }

  return {
    of: (tenantId, roomId, userId) => {
      if (isNobodys(roomId, userId)) return Promise.resolve(undefined)
      return new Promise((resolve, reject) => {
        const asked = { place: placeOf(roomId, userId), answer: resolve, fail: reject }
        const others = waiting.get(tenantId)
        if (others) others.push(asked)
        else waiting.set(tenantId, [asked])
        if (!running.has(tenantId)) void run(tenantId)
      })
    },
  }
}

/** With a bar it would name another's place; with U+0000 it would fail all who are asked for in the same query. */
const isNobodys = (roomId: string, userId: string): boolean => /[|\0]/.test(roomId) || userId.includes('\0')

const answer = async (store: Store, tenantId: string, asked: readonly Asked[]): Promise<void> => {
  try {
    const found = await store.of(tenantId).read((rows) =>
      rows
        .selectFrom('chat_member')
        .select(['place', 'role'])
        .where('place', 'in', [...new Set(asked.map(({ place }) => place))])
        .execute(),
    )
    const roles = new Map(found.map(({ place, role }) => [place, role]))
    for (const one of asked) one.answer(roles.get(one.place))
  } catch (error) {
    for (const one of asked) one.fail(error)
  }
}
