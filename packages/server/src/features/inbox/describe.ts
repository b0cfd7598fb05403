/** The inbox in the words of an application: its room, its commands and its routes for servers. */
import { FanfareError, idOfRoomPart } from '@fanfare/protocol'
import { command } from '../../app/define-app.ts'
import { describeFeature } from '../../app/feature-description.ts'
import { serverRoute } from '../../app/server-route.ts'
import type { InboxOptions } from './inbox-api.ts'
import { readSettings } from './settings.ts'
import {
  endpointAsked,
  inboxEvents,
  markAsked,
  nothing,
  notificationsAsked,
  notified,
  page,
  pageAsked,
  pageInQuery,
  preferences,
  pushAsked,
  topicAsked,
} from './words.ts'

/** @throws Error that says which option is wrong */
export const describeInbox = (options: InboxOptions) => {
  readSettings(options)
  return describeFeature({
    rooms: {
      'inbox:{userId}': {
        events: inboxEvents,
        log: { keep: 50, for: '1h', archive: '7d' },
        access: ({ user, params }) => {
          const userId = idOfRoomPart(params.userId)
          return userId !== undefined && (user.id === userId || user.may('admin', 'inbox', userId))
        },
      },
    },
    commands: commandsOf(options),
    routes,
  })
}

const commandsOf = ({ topic: mayFollow = () => false }: InboxOptions) => ({
  'inbox:list': command(pageAsked, ({ inbox, user }, asked) => inbox.list(user.id, definedIn(asked))),
  'inbox:count': command(nothing, ({ inbox, user }) => inbox.count(user.id)),
  'inbox:mark': command(markAsked, ({ inbox, user }, asked) => inbox.mark({ userId: user.id, ...asked })),
  'inbox:subscribe': command(topicAsked, async ({ inbox, user }, { topic }) => {
    if (!(await mayFollow({ user, topic }))) throw new FanfareError('forbidden', 'You may not follow this topic.')
    await inbox.subscribe(user.id, topic)
  }),
  'inbox:unsubscribe': command(topicAsked, ({ inbox, user }, { topic }) => inbox.unsubscribe(user.id, topic)),
  'inbox:topics': command(nothing, async ({ inbox, user }) => ({ topics: await inbox.topics(user.id) })),
  'inbox:preferences': command(nothing, ({ inbox, user }) => inbox.preferences(user.id)),
  'inbox:prefer': command(preferences, ({ inbox, user }, said) => inbox.setPreferences(user.id, said)),
  /** Says by which key to subscribe, and takes the subscription. */
  'inbox:push': command(pushAsked, async ({ inbox, user }, { subscription }) => {
    if (subscription !== undefined) await inbox.addPush(user.id, subscription)
    return { publicKey: inbox.pushKey() ?? null }
  }),
  'inbox:unpush': command(endpointAsked, ({ inbox, user }, { endpoint }) => inbox.removePush(user.id, endpoint)),
})

const routes = {
  'POST /v1/notifications': serverRoute(
    {
      scope: 'publish',
      summary: 'Notify users, those who follow a topic, or those who have a role',
      body: notificationsAsked,
      answer: notified,
    },
    ({ inbox }, { body }) => inbox.notify(...body.notifications),
  ),
  'GET /v1/users/{userId}/notifications': serverRoute(
    {
      scope: 'read',
      room: 'inbox:{userId}',
      summary: 'What a user has in the inbox, newest first',
      query: pageInQuery,
      answer: page,
    },
    async ({ inbox, params }, { query }) => inbox.list(params.userId ?? '', definedIn(query)),
  ),
}

/** Without members that are undefined. */
const definedIn = <Value extends object>(value: Value): { [Name in keyof Value]: Exclude<Value[Name], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as never
