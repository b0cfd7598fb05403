/** The notifications of the clinic's clients: read, count, mark, and follow what is of interest. */
import { z } from 'zod'
import { followTopic } from '../topics.ts'
import { answered } from './answer.ts'

const Page = z.object({ before: z.string().exactOptional(), limit: z.int().min(1).max(100).exactOptional() })
const Marked = z.object({ ids: z.union([z.array(z.string()).min(1).max(1_000), z.literal('all')]).default('all') })
const Topic = z.object({ topic: z.string().min(1).max(128) })
const nothing = z.object({})

const list = answered(Page, async ({ inbox, user }, asked) => ({ ...(await inbox.list(user.id, asked)) }))

const mark = (as: 'seen' | 'read' | 'archived') =>
  answered(Marked, async ({ inbox, user }, { ids }) => ({ count: await inbox.mark({ userId: user.id, as, ids }) }))

export const notificationEvents = {
  'notification:list': list,
  'notification:count': answered(nothing, async ({ inbox, user }) => ({ count: await inbox.count(user.id) })),
  'notification:seen': mark('seen'),
  'notification:read': mark('read'),
  'notification:archive': mark('archived'),
  'notification:subscribe': answered(Topic, async (socket, { topic }) => {
    await followTopic(socket, topic)
    return { topic }
  }),
  'notification:unsubscribe': answered(Topic, async ({ inbox, user }, { topic }) => {
    await inbox.unsubscribe(user.id, topic)
    return { topic }
  }),
}
