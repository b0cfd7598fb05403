/** What the application's own code is given: the verbs, inside one tenant, on nobody's behalf but its own. */
import type { AppContext } from '../app/app.ts'
import type { AppCaller } from '../model/caller.ts'
import { emitter } from './emit.ts'
import { history } from './history.ts'
import { forApis, type Verbs } from './open-features.ts'
import { readPresence } from './presence.ts'
import { publish } from './publish.ts'
import type { Services } from './services.ts'

export type ContextOptions = {
  readonly tenantId: string
  /** Set as the cause of what is published. */
  readonly userId?: string
  /** Names the cause, so that doing it again does nothing twice: the nth deed has the key `cause|n`. */
  readonly cause?: string
  readonly depth?: number
  /** Where what is emitted goes. @default '/' */
  readonly namespace?: string
}

/**
 * @param beside what the context has besides; it is added to and becomes the context, so that what it works out when asked
 * (its getters) stays so
 */
export const contextOf = <Beside extends object>(
  services: Services,
  options: ContextOptions,
  beside?: Beside,
): AppContext & Beside => {
  const { tenantId, userId, cause, depth, namespace = '/' } = options
  const caller: AppCaller = { kind: 'app', tenantId, ...(userId === undefined ? {} : { userId }) }
  let done = 0
  const key = (given?: string): string | undefined => {
    const number = done++
    return given ?? (cause === undefined ? undefined : `${cause}|${number}`)
  }
  const verbs = {
    tenantId,
    cache: services.cache.of(tenantId),
    log: services.log,
    publish(room, event, data, options) {
      const named = key(options?.key)
      return publish(services, caller, {
        room,
        event,
        data,
        ...(named === undefined ? {} : { key: named }),
        ...(depth === undefined ? {} : { depth }),
      })
    },
    history: (room, { limit } = {}) => history(services, caller, { room, ...(limit === undefined ? {} : { limit }) }),
    members: async (room) => (await readPresence(services, caller, room)).members,
    stats: () => services.engine.directory.count(tenantId),
    to: (target) => emitter(services, { tenantId, namespace }, target),
    [forApis]: userId === undefined ? { key } : { key, userId },
  } satisfies Verbs & { readonly [forApis]: unknown }
  return services.features.addTo(Object.assign(beside ?? ({} as Beside), verbs))
}
