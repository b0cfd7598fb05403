/**
 * Brings a holding subscription to the top of its room's log and lets it go live: read → replay → release. Used when it
 * begins, and when it missed something. Pages are read as fast as the reader takes them, so a long replay costs one page.
 */
import type { Position, Since } from '@fanfare/protocol'
import type { Slice } from '../engine/room-log.ts'
import type { Subscription } from '../hub/session.ts'
import type { Services } from './services.ts'

/** How a subscription began, for the `subscription` frame. */
export type Beginning = {
  readonly position: Position
  readonly recovered?: boolean
  readonly lost?: Slice & { ok: false }
}

/** Reads the first page, says where the subscription begins (`announce`), replays, and goes on in the background if there is more. */
export const begin = async (
  services: Services,
  subscription: Subscription,
  start: { readonly since: Since | undefined; readonly announce: (beginning: Beginning) => void },
): Promise<void> => {
  const { since, announce } = start
  const slice = await readPage(services, subscription, since ?? 'latest')
  if (subscription.state === 'closed') return
  if (!slice.ok) {
    subscription.moveTo(slice.top)
    announce({ position: slice.top, recovered: false, lost: slice })
    services.metrics.add('fanfare_gaps_total')
  } else {
    subscription.moveTo(startOf(slice, since))
    announce({ position: subscription.position, ...(since === undefined ? {} : { recovered: true }) })
  }
  const atTop = !slice.ok || replay(services, subscription, slice)
  if (!atTop || !subscription.release()) resume(services, subscription)
}

const startOf = (slice: Slice & { ok: true }, since: Since | undefined): Position => {
  if (since !== undefined && since !== 'earliest') return since
  const first = slice.events[0]
  return first ? { epoch: slice.top.epoch, offset: first.offset - 1 } : slice.top
}

const readPage = (services: Services, subscription: Subscription, after: Position | 'earliest' | 'latest') =>
  services.engine.log.read(subscription.room, {
    after,
    limit: services.limits.replayEvents,
    maxBytes: services.limits.replayBytes,
    live: true,
  })

/**
 * True when the subscription is at the top of the log now. Other rooms of a resume are replayed into the same outbox: a page
 * for which they have left no room is read again when the reader has taken theirs.
 */
const replay = ({ replays }: Services, subscription: Subscription, slice: Slice & { ok: true }): boolean => {
  if (slice.events.length > 0 && subscription.session.outbox.full) return false
  for (const event of slice.events) subscription.replay(replays.encoded(slice.top.epoch, event))
  return !slice.more
}

/** Catches up in the background. A failed read is tried again: the subscription holds meanwhile, and its session stays. */
export const resume = (services: Services, subscription: Subscription): void => {
  catchUp(services, subscription).catch((error: unknown) => {
    services.log.warn({ error, session: subscription.session.id }, 'a replay failed and is tried again')
    services.clock.after(1_000, () => resume(services, subscription))
  })
}

const catchUp = async (services: Services, subscription: Subscription): Promise<void> => {
  for (;;) {
    await subscription.session.outbox.ready()
    if (subscription.state !== 'holding') return
    const slice = await readPage(services, subscription, subscription.position)
    if (subscription.state !== 'holding') return
    if (!slice.ok) reportGap(services, subscription, slice)
    else if (!replay(services, subscription, slice)) continue
    if (subscription.release()) return
  }
}

const reportGap = (services: Services, subscription: Subscription, slice: Slice & { ok: false }): void => {
  const from = subscription.position
  subscription.moveTo(slice.top)
  services.metrics.add('fanfare_gaps_total')
  subscription.session.send({ type: 'gap', room: subscription.name, reason: slice.reason, from, to: slice.top })
}
