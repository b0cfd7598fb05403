/** R-01 without sockets: hold → listen → read → replay → release, at every interleaving that chance finds; and the same with a step broken. */
import { expect, test } from 'bun:test'
import type { EncodedEvent } from '../hub/encoded-event.ts'
import type { Hub } from '../hub/hub.ts'
import { type Session, Subscription } from '../hub/session.ts'
import { begin } from './catch-up.ts'
import { RaceWorld, type Variant } from './race.world.ts'
import type { Replays } from './replays.ts'
import type { Services } from './services.ts'
import type { SubscribeRequest } from './subscribe.ts'

const failures = async (seeds: number, rounds: number, variant: Variant = {}): Promise<readonly string[]> => {
  const failed: string[] = []
  for (let seed = 1; seed <= seeds; seed++) {
    const faults = await new RaceWorld(seed, variant).play(rounds)
    if (faults.length > 0) failed.push(`seed ${seed}: ${faults.join('; ')}`)
  }
  return failed
}

test('20,000 interleavings of publish, subscribe, leave, resume and loss: contiguous for everybody, to the last event', async () => {
  expect(await failures(20_000, 3)).toEqual([])
}, 60_000)

/** What the subscribe flow does, with the steps in another order. */
const readBeforeListen = async (services: Services, session: Session, { room: name, since }: SubscribeRequest) => {
  const room = services.app.room(session.tenantId, name)
  const before = session.subscriptions.get(room.key)
  if (before) services.hub.leave(before)
  const subscription = new Subscription(session, room)
  services.hub.enter(subscription)
  await begin(services, subscription, {
    since,
    announce: ({ position, recovered }) =>
      session.send({
        type: 'subscription',
        room: name,
        status: 'subscribed',
        ...position,
        delivery: 'every',
        ...(recovered === undefined ? {} : { recovered }),
      }),
  })
  await services.interest.hold(room)
}

/** Live events pass a holding subscription by, instead of waiting in it. */
const withoutHold = (hub: Hub): void => {
  const enter = hub.enter.bind(hub)
  hub.enter = (subscription) => {
    const take = subscription.take.bind(subscription)
    subscription.take = (encoded, limit) => (subscription.state === 'holding' ? 'held' : take(encoded, limit))
    return enter(subscription)
  }
}

/** What was held goes out whether or not it follows. */
const withoutCheck = (hub: Hub): void => {
  const enter = hub.enter.bind(hub)
  hub.enter = (subscription) => {
    subscription.take = (encoded) => {
      if (subscription.state === 'closed') return 'repeated'
      subscription.replay(encoded)
      return 'sent'
    }
    return enter(subscription)
  }
}

/** A lost delivery is not made good until another event shows it. */
const deaf = (hub: Hub): void => {
  hub.lost = () => {}
}

/** What was replayed once is replayed again at the same offset, though the log began again meanwhile. */
const knownByOffset = (replays: Replays): void => {
  const known = new Map<string, EncodedEvent>()
  const encoded = replays.encoded.bind(replays)
  replays.encoded = (epoch, event) => {
    const name = `${event.room} ${event.offset}`
    const first = known.get(name) ?? encoded(epoch, event)
    known.set(name, first)
    return first
  }
}

/** What is broken, and the share of histories in which it must show: a listen is shared, so a late one seldom matters. */
const broken: readonly (readonly [string, Variant, number])[] = [
  ['the log is read before the broker listens', { subscribe: readBeforeListen }, 0.5],
  ['live events are not held while the log is read', { hub: withoutHold }, 0.4],
  ['events go out without a look at their offset', { hub: withoutCheck }, 0.5],
  ['the broker does not acknowledge a listen', { listenUnacknowledged: true }, 0.2],
  ['a loss that is told is not heard', { hub: deaf }, 0.5],
  ['what is replayed is known by its offset alone', { replays: knownByOffset }, 0.2],
]

test.each(broken)('the judge sees it when %s', async (_name, variant, share) => {
  expect((await failures(200, 30, variant)).length).toBeGreaterThan(200 * share)
})
