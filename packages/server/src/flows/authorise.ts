/**
 * May this caller do this in this room? One question for every verb. A rule that throws is a refusal that is logged; one that
 * does not answer in time is none, and whoever asked comes back.
 */
import { FanfareError } from '@fanfare/protocol'
import type { AccessContext, Room } from '../app/app.ts'
import { hasScope } from '../auth/scopes.ts'
import { within } from '../lib/within.ts'
import type { Caller } from '../model/caller.ts'
import type { User } from '../model/identity.ts'
import type { Services } from './services.ts'
import { tellRefused } from './tell.ts'

export type Action = AccessContext['action']

export type Asked = {
  readonly room: Room
  readonly action: Action
  readonly event?: string
  /** How long the rule may take, in ms. @default 10,000 */
  readonly withinMs?: number
}

const patienceMs = 10_000

const scopeOf = { subscribe: 'read', history: 'read', presence: 'read', publish: 'publish' } as const

/** @throws FanfareError `unavailable` when the rule does not answer in time, or says so itself */
export const userMay = async (services: Services, user: User, asked: Asked): Promise<boolean> => {
  const { room, action, withinMs = patienceMs } = asked
  const rule = action === 'publish' ? room.rule.publish : room.rule.access
  let allowed = false
  try {
    const answer = rule(accessContext(services, user, asked))
    if (!(answer instanceof Promise)) return answer === true
    const answered = answer.then((value) => {
      allowed = value === true
    })
    if (await within(services.clock, withinMs, answered)) return allowed
  } catch (error) {
    // Nobody said no: what the rule looks up is away, and whoever asked comes back.
    if (error instanceof FanfareError && error.code === 'unavailable') throw error
    services.log.error({ error, pattern: room.rule.pattern, action }, 'an access rule threw; the answer is no')
    return false
  }
  services.log.error({ pattern: room.rule.pattern, action }, 'an access rule did not answer in time')
  throw new FanfareError('unavailable', `Whether the user may ${action} in ${room.name} cannot be told just now.`, {
    retryAfterMs: 1_000,
  })
}

const accessContext = (services: Services, user: User, { room, action, event }: Asked): AccessContext => ({
  user,
  params: room.params,
  room: room.name,
  action,
  ...(event === undefined ? {} : { event }),
  // Few rules look anything up, and every publish asks one.
  get context() {
    return services.contextOf({ tenantId: room.tenantId, userId: user.id })
  },
})

/** @throws FanfareError `forbidden` */
export const authorise = async (services: Services, caller: Caller, asked: Asked): Promise<void> => {
  const { room, action } = asked
  if (caller.tenantId !== room.tenantId) throw new FanfareError('tenant_mismatch')
  switch (caller.kind) {
    case 'app':
      return
    case 'server':
      if (hasScope(caller, scopeOf[action], room.name)) return
      throw refused(services, caller, {
        ...asked,
        message: `The API key has no scope to ${scopeOf[action]} in ${room.name}.`,
      })
    case 'user':
      if (await userMay(services, caller.user, asked)) return
      throw refused(services, caller, { ...asked, message: `The user may not ${action} in ${room.name}.` })
  }
}

type Refused = Asked & { readonly message: string }

const refused = (services: Services, caller: Caller, { room, action, message }: Refused): FanfareError => {
  const error = new FanfareError('forbidden', message)
  tellRefused(services, caller, { action: 'room.refused', subject: room.name, detail: { action }, thrown: error })
  return error
}
