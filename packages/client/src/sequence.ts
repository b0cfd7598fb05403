/** Whether an event is the next one of its room. Pure: the heart of "in order, once, with nothing lost". */
import type { SubscriptionFrame } from '@fanfare/protocol'

export type Delivery = (SubscriptionFrame & { status: 'subscribed' })['delivery']

/** `hole`: events between are missing, and may still be had. Where only the latest are delivered, offsets may jump. */
export type Order = 'next' | 'duplicate' | 'hole'

export const orderOf = (last: number, offset: number, delivery: Delivery): Order => {
  if (offset <= last) return 'duplicate'
  return offset === last + 1 || delivery === 'latest' ? 'next' : 'hole'
}
