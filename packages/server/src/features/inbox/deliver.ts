/** From who is notified to where it goes: whoever had the key before is left out, then each user's preferences decide. */
import { type Gathered, gather } from './digest.ts'
import type { InboxChange } from './inbox-parts.ts'
import { type Arrival, place } from './place.ts'
import { wayOf } from './preferences.ts'
import { readSaid } from './said.ts'
import type { Delivery } from './targets.ts'

/** Rows of one statement. */
const atOnce = 500

/** However many, in statements of some hundreds. */
export const deliver = async (within: InboxChange, deliveries: readonly Delivery[]): Promise<void> => {
  for (let begin = 0; begin < deliveries.length; begin += atOnce) {
    await deliverSome(within, deliveries.slice(begin, begin + atOnce))
  }
}

const deliverSome = async (within: InboxChange, given: readonly Delivery[]): Promise<void> => {
  const { parts, change } = within
  const deliveries = await withoutRepeats(within, given)
  if (deliveries.length === 0) return
  const said = await readSaid(change.rows, [...new Set(deliveries.map(({ userId }) => userId))])
  const arrivals: Arrival[] = []
  const gathered: Gathered[] = []
  for (const { userId, kind, content } of deliveries) {
    const { inbox, push, digestMs } = wayOf(kind, said.get(userId), parts.settings.preferences)
    const isPushed = push && parts.pushes
    if (!inbox && !isPushed) continue
    if (digestMs === undefined) arrivals.push({ userId, kind, content, count: 1, hidden: !inbox, push: isPushed })
    else gathered.push({ userId, kind, content, forMs: digestMs })
  }
  await gather(within, gathered)
  await place(within, arrivals)
}

const withoutRepeats = async (
  { change, parts }: InboxChange,
  deliveries: readonly Delivery[],
): Promise<readonly Delivery[]> => {
  const first = new Map<string, Delivery>()
  for (const delivery of deliveries) {
    if (delivery.key === undefined) continue
    const name = nameOf(delivery.userId, delivery.key)
    if (!first.has(name)) first.set(name, delivery)
  }
  if (first.size === 0) return deliveries
  const created_at = parts.clock.now()
  const fresh = await change.rows
    .insertInto('inbox_key')
    .values([...first.values()].map(({ userId, key }) => ({ user_id: userId, key: key!, created_at })))
    .onConflict((conflict) => conflict.columns(['tenant_id', 'user_id', 'key']).doNothing())
    .returning(['user_id', 'key'])
    .execute()
  const names = new Set(fresh.map(({ user_id, key }) => nameOf(user_id, key)))
  return deliveries.filter((delivery) => {
    if (delivery.key === undefined) return true
    const name = nameOf(delivery.userId, delivery.key)
    return names.has(name) && first.get(name) === delivery
  })
}

const nameOf = (userId: string, key: string): string => `${userId.length}:${userId}|${key}`
