/** What the application hears when a user or a room is left by everybody, on every node. Shapes, and the check of a description. */
import type { AppContext } from './context.ts'
import type { Problems } from './problems.ts'

/** @property since when the user came online: ISO 8601, UTC */
export type UserOffline = { readonly userId: string; readonly since: string }

/** @property since when the first came in: ISO 8601, UTC */
export type RoomVacated = { readonly room: string; readonly since: string }

/**
 * Each runs on one node of all, 15 to 25 seconds after the last session went, so that a reload or a lost connection is not
 * heard; also when nodes were killed, the one that was at it included. It runs again, a minute later or more, when it threw, took
 * longer than a minute, or its node died at it. What it publishes has keys made from the cause, so that running again within
 * the idempotency window publishes nothing twice.
 */
export type LifecycleHandlers = {
  /** The user has no session any more. */
  readonly 'user.offline'?: (context: AppContext, ended: UserOffline) => void | Promise<void>
  /** The room has no subscription any more. */
  readonly 'room.vacated'?: (context: AppContext, ended: RoomVacated) => void | Promise<void>
}

/** Whose a handler is: '' is the application, else a feature's name. It names what the handler publishes, so it stays. */
export type Owner = string

/** Several do something about one cause, and what they do has different keys. */
export const causeOf = (cause: string, owner: Owner): string => (owner === '' ? cause : `${cause}|${owner}`)

export type OwnedHandler<Ended> = {
  readonly owner: Owner
  readonly handle: (context: AppContext, ended: Ended) => void | Promise<void>
}

/** All that is to run; each with a context of its own. */
export type LifecycleRules = {
  readonly 'user.offline': readonly OwnedHandler<UserOffline>[]
  readonly 'room.vacated': readonly OwnedHandler<RoomVacated>[]
}

const names: ReadonlySet<string> = new Set<keyof LifecycleHandlers>(['user.offline', 'room.vacated'])

export const readLifecycle = (given: unknown, problems: Problems): LifecycleHandlers => {
  if (given === undefined) return Object.freeze({})
  if (typeof given !== 'object' || given === null) {
    problems.add('lifecycle', "give { 'user.offline': … } or { 'room.vacated': … }.")
    return Object.freeze({})
  }
  for (const [name, handler] of Object.entries(given)) {
    problems.at(`lifecycle['${name}']`, () => {
      if (!names.has(name)) throw new Error(`there is ${[...names].join(' and ')}; this would never run.`)
      if (handler !== undefined && typeof handler !== 'function') {
        throw new Error('give a function (context, ended) => ….')
      }
    })
  }
  return Object.freeze({ ...(given as LifecycleHandlers) })
}

/** In the order given. */
export const gatherLifecycle = (
  all: readonly { readonly owner: Owner; readonly handlers: LifecycleHandlers }[],
): LifecycleRules => {
  const offline: OwnedHandler<UserOffline>[] = []
  const vacated: OwnedHandler<RoomVacated>[] = []
  for (const { owner, handlers } of all) {
    if (handlers['user.offline']) offline.push({ owner, handle: handlers['user.offline'] })
    if (handlers['room.vacated']) vacated.push({ owner, handle: handlers['room.vacated'] })
  }
  return Object.freeze({ 'user.offline': Object.freeze(offline), 'room.vacated': Object.freeze(vacated) })
}
