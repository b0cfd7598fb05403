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
import { checkAll, type Notify } from './notify.ts'
import { checkPreferences } from './preferences.ts'
import { addBrowser, removeBrowser } from './push/browsers.ts'
import { checkSubscription, type Mode, pushIdOf } from './push/endpoint.ts'
import { setRoles } from './roles.ts'
import { readSaid, writeSaid } from './said.ts'

export type ApiParts = InboxParts & {
  readonly notify: Notify
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
      return parts.notify(tenantId, checked)
    },
    async list(userId, asked = {}) {
      const page = await list(parts, tenantId, { ...asked, userId: checkUserId(userId) })
      if (context.userId !== userId) noteReading(parts, context, { userId, count: page.notifications.length })
      return page
    },
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

/** Of another's inbox: who, whose and how much. Nobody waits for it. */
const noteReading = (
  { audit }: ApiParts,
  context: FeatureContext,
  { userId, count }: { readonly userId: string; readonly count: number },
): void => {
  const { tenantId, log } = context
  const detail = { what: 'inbox', notifications: count }
  audit
    .record({ tenantId, action: 'message.read', actor: actorOf(context), subject: userId, detail }, 'soon')
    .catch((error: unknown) => log.error({ error }, 'a reading of an inbox was not audited'))
}

const actorOf = ({ userId }: FeatureContext) =>
  userId === undefined ? ({ kind: 'application' } as const) : ({ kind: 'user', id: userId } as const)
