/** Two devices of one user and a model of what they should show, under any order of notifying and marking. */
import { expect, test } from 'bun:test'
import type { NotificationCount, NotificationState, RoomEvent } from '@fanfare/protocol'
import fc from 'fast-check'
import { type InboxWorld, openInbox, toUser } from './inbox.world.ts'
import type { Mark, NotificationCreated, NotificationUpdated } from './inbox-api.ts'
import { type RowState, stateNames, transition, transitionOfAll } from './states.ts'

type Step =
  | { readonly kind: 'notify'; readonly many: number }
  | { readonly kind: 'all'; readonly as: Mark }
  | { readonly kind: 'some'; readonly as: Mark; readonly which: readonly number[] }

const mark = fc.constantFrom<Mark>('seen', 'read', 'archived', 'unread')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('notify' as const), many: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('all' as const), as: mark }),
  fc.record({
    kind: fc.constant('some' as const),
    as: mark,
    which: fc.array(fc.nat(12), { minLength: 1, maxLength: 4 }),
  }),
)

/** Knows only what it is told in the room; its count is the one with the highest version. */
class Device {
  readonly states = new Map<string, RowState>()
  count: NotificationCount = { unseen: 0, unread: 0, version: 0 }
  versions: number[] = []

  hears({ type, data }: RoomEvent): void {
    const { count } = data as NotificationCreated | NotificationUpdated
    this.versions.push(count.version)
    if (count.version > this.count.version) this.count = count
    if (type === 'notification.created') {
      const { notification } = data as NotificationCreated
      this.states.set(notification.id, 0)
      return
    }
    const update = data as NotificationUpdated
    for (const [id, state] of this.states) {
      if ('all' in update) this.states.set(id, transitionOfAll(state, update.as))
      else if (update.ids.includes(id)) this.states.set(id, stateNames.indexOf(update.state) as RowState)
    }
  }
}

/** What should be so, step by step. */
class Model {
  readonly states: RowState[] = []

  takes(step: Step): void {
    switch (step.kind) {
      case 'notify':
        for (let count = 0; count < step.many; count++) this.states.push(0)
        break
      case 'all':
        this.states.forEach((state, index) => {
          this.states[index] = transitionOfAll(state, step.as)
        })
        break
      case 'some':
        for (const index of new Set(step.which)) {
          const state = this.states[index]
          if (state !== undefined) this.states[index] = transition(state, step.as)
        }
    }
  }

  get counts() {
    return {
      unseen: this.states.filter((state) => state === 0).length,
      unread: this.states.filter((state) => state < 2).length,
    }
  }
}

const everything: readonly NotificationState[] = ['unseen', 'seen', 'read', 'archived']

/** By one of the user's devices, with the ids that it knows, oldest first. */
type By = { readonly world: InboxWorld; readonly node: number; readonly ids: readonly string[] }

const takes = async ({ world, node, ids }: By, step: Step): Promise<void> => {
  const api = world.nodes[node % world.nodes.length]!.api()
  switch (step.kind) {
    case 'notify':
      await api.notify(...Array.from({ length: step.many }, () => toUser('ann')))
      break
    case 'all':
      await api.mark({ userId: 'ann', as: step.as, ids: 'all' })
      break
    case 'some': {
      const named = step.which.map((index) => ids[index]).filter((id) => id !== undefined)
      await api.mark({ userId: 'ann', as: step.as, ids: named })
    }
  }
}

test('both devices show what the store has and the model says, after every step', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      await using world = await openInbox({ nodes: 2 })
      const model = new Model()
      let ids: readonly string[] = []
      for (const [index, next] of steps.entries()) {
        await takes({ world, node: index, ids }, next)
        model.takes(next)
        const page = await world.node.api().list('ann', { limit: 100, states: everything })
        ids = page.notifications.map(({ id }) => id).reverse()
        expect(page.notifications.map(({ state }) => state).reverse()).toEqual(
          model.states.map((state) => stateNames[state] as NotificationState),
        )
        expect(page.count).toMatchObject(model.counts)
        for (const state of everything) {
          const some = await world.node.api().list('ann', { limit: 100, states: [state] })
          expect(some.notifications.length).toBe(model.states.filter((one) => stateNames[one] === state).length)
        }
        for (const node of world.nodes) {
          const device = new Device()
          for (const event of node.heard('inbox:ann')) device.hears(event)
          expect(device.count).toEqual(page.count)
          expect(ids.map((id) => device.states.get(id)!)).toEqual(model.states)
          expect(device.versions).toEqual([...new Set(device.versions)].sort((one, other) => one - other))
        }
      }
    }),
    { numRuns: 25 },
  )
})

test('whatever is done at once, both devices end with the same, and their counts are true', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      await using world = await openInbox({ nodes: 2 })
      await world.node.api().notify(toUser('ann'), toUser('ann'), toUser('ann'))
      const ids = (await world.node.api().list('ann')).notifications.map(({ id }) => id)
      await Promise.all(steps.map((one, node) => takes({ world, node, ids }, one)))
      const page = await world.node.api().list('ann', { limit: 100, states: everything })
      const { notifications, count } = page
      expect(count.unseen).toBe(notifications.filter(({ state }) => state === 'unseen').length)
      expect(count.unread).toBe(notifications.filter(({ state }) => state === 'unseen' || state === 'seen').length)
      for (const node of world.nodes) {
        const device = new Device()
        for (const event of node.heard('inbox:ann')) device.hears(event)
        expect(device.count).toEqual(count)
        expect(notifications.map(({ id }) => stateNames[device.states.get(id)!] as NotificationState)).toEqual(
          notifications.map(({ state }) => state),
        )
      }
    }),
    { numRuns: 15 },
  )
})
