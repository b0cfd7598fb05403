/** `context.inbox`: checks what it is given, and hands it to the verb. */
import { FanfareError } from '@fanfare/protocol'
import type { FeatureContext } from '../../app/context.ts'
import type { Audit } from '../../model/audit.ts'
import { checkTopic, checkUserId } from './check.ts'
import { follow, topicsOf, unfollow } from './follow.ts'
import type { InboxApi } from './inbox-api.ts'
import type { InboxParts } from './inbox-parts.ts'
import { count, list } from './list.ts'
import { mark } from './mark.ts'
import { checkAll, notify } from './notify.ts'
import { checkPreferences } from './preferences.ts'
import { addBrowser, removeBrowser } from './push/browsers.ts'
import { checkSubscription, type Mode, pushIdOf } from './push/endpoint.ts'
import { setRoles } from './roles.ts'
import { readSaid, writeSaid } from './said.ts'

export type ApiParts = InboxParts & {
  readonly mode: Mode
  readonly audit: Audit
  readonly pushKey: string | undefined
}

export const createInboxApi = (parts: ApiParts, context: FeatureContext): InboxApi => {
  const { tenantId } = context
  const store = parts.store.of(tenantId)
  return {
    notify: async (...given) => {
      const checked = checkAll(given).map((one) => ({ ...one, key: context.key(one.key) }))
      return notify(parts, tenantId, checked)
    },
    list: async (userId, page = {}) => list(parts, tenantId, { ...page, userId: checkUserId(userId) }),
    count: async (userId) => count(parts, tenantId, checkUserId(userId)),
    mark: async (request) => mark(parts, tenantId, { ...request, userId: checkUserId(request.userId) }),
    subscribe: (userId, topic) => follow(parts, tenantId, { userId, topic }),
    unsubscribe: async (userId, topic) =>
      unfollow(parts, tenantId, { userId: checkUserId(userId), topic: checkTopic(topic) }),
    topics: async (userId) => topicsOf(parts, tenantId, checkUserId(userId)),
    async setRoles(userId, roles) {
      if (!(await setRoles(parts, tenantId, { userId, roles })) || context.userId === userId) return
      const detail = { what: 'inbox.roles', roles: roles.length }
      await parts.audit.record({ tenantId, action: 'administration', actor: actorOf(context), subject: userId, detail })
    },
    async preferences(userId) {
      const said = await store.read((rows) => readSaid(rows, [checkUserId(userId)]))
      return said.get(userId) ?? parts.settings.preferences
    },
    async setPreferences(userId, preferences) {
      checkPreferences(preferences)
      await store.change(({ rows }) => writeSaid(rows, checkUserId(userId), preferences))
    },
    pushKey: () => parts.pushKey,
    async addPush(userId, given) {
      if (!parts.pushes) {
        throw new FanfareError('not_found', 'Web Push is off: the server has no VAPID keys (FANFARE_VAPID_PUBLIC_KEY).')
      }
      const subscription = checkSubscription(given, parts.mode)
      await addBrowser(parts, tenantId, { userId: checkUserId(userId), subscription })
    },
    async removePush(userId, endpoint) {
      await removeBrowser(parts, tenantId, { userId, id: pushIdOf(endpoint) })
    },
  }
}

const actorOf = ({ userId }: FeatureContext) =>
  userId === undefined ? ({ kind: 'application' } as const) : ({ kind: 'user', id: userId } as const)
