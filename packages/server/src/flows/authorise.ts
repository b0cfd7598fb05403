/**
 * May this caller do this in this room? One question for every verb. A rule that throws is a refusal that is logged; one that
 * does not answer in time is none, and whoever asked comes back.
 */
import { FanfareError } from '@fanfare/protocol'
import type { AccessContext, Room } from '../app/app.ts'
import { everybody } from '../app/rooms.ts'
import { hasScope } from '../auth/scopes.ts'
import type { Soon } from '../lib/soon.ts'
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
export const userMay = (services: Services, user: User, asked: Asked): Soon<boolean> => {
  const { room, action } = asked
  const rule = action === 'publish' ? room.rule.publish : room.rule.access
  if (rule === everybody) return true
  let answer: Soon<boolean>
  try {
    answer = rule(accessContext(services, user, asked))
  } catch (error) {
    return ruleThrew(services, asked, error)
  }
  return answer instanceof Promise ? answerInTime(services, asked, answer) : answer === true
}

const answerInTime = async (services: Services, asked: Asked, answer: Promise<boolean>): Promise<boolean> => {
  const { room, action, withinMs = patienceMs } = asked
  let allowed = false
  try {
    const answered = answer.then((value) => {
      allowed = value === true
    })
    if (await within(services.clock, withinMs, answered)) return allowed
  } catch (error) {
    return ruleThrew(services, asked, error)
  }
  services.log.error({ pattern: room.rule.pattern, action }, 'an access rule did not answer in time')
  throw new FanfareError('unavailable', `Whether the user may ${action} in ${room.name} cannot be told just now.`, {
    retryAfterMs: 1_000,
  })
}

const ruleThrew = ({ log }: Services, { room, action }: Asked, error: unknown): false => {
  // Nobody said no: what the rule looks up is away, and whoever asked comes back.
  if (error instanceof FanfareError && error.code === 'unavailable') throw error
  log.error({ error, pattern: room.rule.pattern, action }, 'an access rule threw; the answer is no')
  return false
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
export const authorise = (services: Services, caller: Caller, asked: Asked): Soon<void> => {
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
    case 'user': {
      const allowed = userMay(services, caller.user, asked)
      if (allowed === true) return
      const no = () => refused(services, caller, { ...asked, message: `The user may not ${action} in ${room.name}.` })
      if (allowed === false) throw no()
      return allowed.then((later) => {
        if (!later) throw no()
      })
    }
  }
}

type Refused = Asked & { readonly message: string }

const refused = (services: Services, caller: Caller, { room, action, message }: Refused): FanfareError => {
  const error = new FanfareError('forbidden', message)
  tellRefused(services, caller, { action: 'room.refused', subject: room.name, detail: { action }, thrown: error })
  return error
}
