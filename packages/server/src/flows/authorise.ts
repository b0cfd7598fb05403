/** May this caller do this in this room? One question for every verb; a rule that throws is a refusal that is logged. */
import { FanfareError } from '@fanfare/protocol'
import type { AccessContext, Room } from '../app/app.ts'
import { hasScope } from '../auth/scopes.ts'
import type { Caller } from '../model/caller.ts'
import type { User } from '../model/identity.ts'
import type { Services } from './services.ts'

export type Action = AccessContext['action']

export type Asked = { readonly room: Room; readonly action: Action; readonly event?: string }

const scopeOf = { subscribe: 'read', history: 'read', presence: 'read', publish: 'publish' } as const

export const userMay = async (services: Services, user: User, asked: Asked): Promise<boolean> => {
  const { room, action, event } = asked
  const context: AccessContext = {
    user,
    params: room.params,
    room: room.name,
    action,
    ...(event === undefined ? {} : { event }),
  }
  try {
    const rule = action === 'publish' ? room.rule.publish : room.rule.access
    return (await rule(context)) === true
  } catch (error) {
    services.log.error({ error, pattern: room.rule.pattern, action }, 'an access rule threw; the answer is no')
    return false
  }
}

/** @throws FanfareError `forbidden` */
export const authorise = async (services: Services, caller: Caller, asked: Asked): Promise<void> => {
  const { room, action } = asked
  if (caller.tenantId !== room.tenantId) throw new FanfareError('tenant_mismatch')
  switch (caller.kind) {
    case 'app':
      return
    case 'server':
      if (hasScope(caller, scopeOf[action], room.name)) return
      throw new FanfareError('forbidden', `The API key has no scope to ${scopeOf[action]} in ${room.name}.`)
    case 'user':
      if (await userMay(services, caller.user, asked)) return
      throw new FanfareError('forbidden', `The user may not ${action} in ${room.name}.`)
  }
}
