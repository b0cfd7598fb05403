/**
 * The inbox: notifications that stay, the same count on every device of a user, and Web Push for whoever is not there. Puts the
 * parts together and owns no rule.
 */
import { SeldomWarning } from '../../lib/seldom.ts'
import type { Feature, FeatureServices, OpenedFeature } from '../feature.ts'
import { createInboxApi } from './api.ts'
import { hasInbox } from './check.ts'
import { describeInbox } from './describe.ts'
import type { InboxApi, InboxOptions } from './inbox-api.ts'
import type { InboxParts } from './inbox-parts.ts'
import { checkAll, createNotify, notifyIn } from './notify.ts'
import type { Outcome } from './push/outcome.ts'
import { createPoster } from './push/post.ts'
import { openVapid, type Vapid } from './push/vapid.ts'
import { roleReads } from './role-reads.ts'
import { setRoles } from './roles.ts'
import { inboxLimits, readSettings } from './settings.ts'
import { inboxSchema } from './tables.ts'
import { Worker } from './worker.ts'
import { pushWorksOf, worksOf } from './works.ts'

/** `idle` resolves when nothing is under way that the inbox does by itself. */
export type OpenedInbox = OpenedFeature<InboxApi> & { idle(): Promise<void> }

export const openInbox = async (services: FeatureServices, options: InboxOptions): Promise<OpenedInbox> => {
  const { store, clock, ids, log, settings, audit } = services
  const { mode, vapid } = settings
  const own = { settings: readSettings(options), roles: roleReads(store), pushes: vapid !== undefined }
  const parts: InboxParts = { store, clock, ids, log, ...own }
  const push = vapid && (await openPush(services, parts, vapid))
  const warning = new SeldomWarning({ clock, log }, 'work of the inbox was not done; it is tried again')
  const worker = new Worker({
    store,
    clock,
    works: [...worksOf(parts), ...(push?.works ?? [])],
    failed: (error, about) => warning.warn({ error, ...about }),
  })
  worker.start()
  services.offer('notify', {
    async in(change, _tenantId, notifications) {
      // A message that mentions somebody who can have no inbox is a message all the same.
      const possible = notifications.filter(({ to }) => !('userId' in to) || hasInbox(to.userId))
      // Many messages are one change, so that these may be more than one call is allowed.
      for (let begin = 0; begin < possible.length; begin += inboxLimits.notifications) {
        await notifyIn({ change, parts }, checkAll(possible.slice(begin, begin + inboxLimits.notifications)))
      }
    },
  })
  const apiParts = { ...parts, notify: createNotify(parts), mode, audit, pushKey: vapid?.publicKey }
  return {
    api: (context) => createInboxApi(apiParts, context),
    /** Only by the roles of their last token notifications find whoever the application says nothing of. */
    async connected({ identity: { tenantId, userId, roles } }) {
      if (hasInbox(userId)) await setRoles(parts, tenantId, { userId, roles })
    },
    idle: () => worker.idle(),
    async stop() {
      await worker.stop()
      push?.close()
    },
  }
}

const openPush = async (services: FeatureServices, parts: InboxParts, vapid: Vapid) => {
  const { clock, log, metrics, settings } = services
  const poster = createPoster({ mode: settings.mode, clock, timeoutMs: inboxLimits.pushTimeoutMs })
  const warning = new SeldomWarning({ clock, log }, 'a push was not taken')
  const counters = new Map<Outcome['kind'], { add(by?: number): void }>([
    ['sent', metrics.counter('fanfare_inbox_pushes_sent_total', 'Pushes that a push service took.')],
    ['later', metrics.counter('fanfare_inbox_pushes_delayed_total', 'Pushes that failed and are tried again.')],
    ['refused', metrics.counter('fanfare_inbox_pushes_refused_total', 'Pushes that a push service refused for good.')],
    ['gone', metrics.counter('fanfare_inbox_pushes_gone_total', 'Browsers that are not there any more.')],
  ])
  const works = pushWorksOf(
    {
      ...parts,
      makePush: await openVapid(vapid),
      post: poster.post,
      counted: (kind) => counters.get(kind)?.add(),
      warn: (about) => warning.warn(about),
    },
    services,
  )
  return { works, close: () => poster.close() }
}

export const inbox: Feature<'inbox'> = {
  name: 'inbox',
  describe: describeInbox,
  schema: inboxSchema,
  open: openInbox,
}
