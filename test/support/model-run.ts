/** Plays steps on a real server and on the reference at once, and compares after each: every frame, nothing more. */
import { expect } from 'bun:test'
import type { EventFrame, Position, Since, SubscriptionFrame } from '@fanfare/protocol'
import { defineApp } from '@fanfare/server'
import type { Actor, World } from '@fanfare/testkit'
import fc from 'fast-check'
import { z } from 'zod'
import { type RoomKind, RoomModel } from './room-model.ts'

const room = (log: { keep: number; for: '1h'; durable?: true }) =>
  ({ events: { counted: z.object({ n: z.number() }) }, log, access: 'tenant', publish: 'tenant' }) as const

export const modelApp = defineApp({
  rooms: {
    'disk:{id}': room({ keep: 1_000, for: '1h', durable: true }),
    'brief:{id}': room({ keep: 4, for: '1h', durable: true }),
    'memory:{id}': room({ keep: 1_000, for: '1h' }),
    'short:{id}': room({ keep: 4, for: '1h' }),
  },
})

/** Nothing but the log decides what happens; a replay is several pages. */
export const modelLimits = {
  replayEvents: 3,
  framesPerSecond: 1e9,
  framesBurst: 1e9,
  framesPerSecondPerUser: 1e9,
  connectsPerSecond: 1e9,
}

const kinds: readonly RoomKind[] = [
  { prefix: 'disk', durable: true, keep: 1_000 },
  { prefix: 'brief', durable: true, keep: 4 },
  { prefix: 'memory', durable: false, keep: 1_000 },
  { prefix: 'short', durable: false, keep: 4 },
]
const names = ['ann', 'bob', 'cyd'] as const

export type Step =
  | { readonly do: 'connect' | 'drop' | 'leave' | 'resume'; readonly who: number }
  | {
      readonly do: 'subscribe'
      readonly who: number
      readonly room: number
      readonly since: 'none' | 'earliest' | 'held'
    }
  | { readonly do: 'unsubscribe'; readonly who: number; readonly room: number }
  | {
      readonly do: 'publish'
      readonly who: number
      readonly room: number
      readonly count: number
      readonly key: string | undefined
    }
  | { readonly do: 'restart' }

type StepInRoom = Extract<Step, { readonly room: number }>

const who = fc.nat({ max: names.length - 1 })
const where = fc.nat({ max: kinds.length - 1 })
const key = fc.option(fc.constantFrom('k1', 'k2'), { nil: undefined, freq: 3 })
const count = fc.integer({ min: 1, max: 7 })
const since = fc.constantFrom('none', 'earliest', 'held', 'held')

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('connect', 'drop', 'leave', 'resume', 'resume'), who }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('subscribe'), who, room: where, since }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unsubscribe'), who, room: where }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish'), who, room: where, count, key }) },
) as fc.Arbitrary<Step>
const restart = fc.constant<Step>({ do: 'restart' })

export const history: fc.Arbitrary<Step[]> = fc
  .tuple(
    fc.array(step, { minLength: 5, maxLength: 25 }),
    fc.option(restart, { freq: 2 }),
    fc.array(step, { minLength: 5, maxLength: 25 }),
  )
  .map(([before, stop, after]) => [...before, ...(stop ? [stop] : []), ...after])

/** A user: the link if there is one, where it is in each of its rooms, and the last place that it knows of in any. */
type Person = {
  readonly name: string
  actor: Actor | undefined
  readonly in: Map<RoomModel, number>
  readonly held: Map<RoomModel, Position>
}

let nextNumber = 1

export class ModelRun {
  readonly #world: World
  readonly #rooms: readonly RoomModel[]
  readonly #people: readonly Person[] = names.map((name) => ({
    name,
    actor: undefined,
    in: new Map(),
    held: new Map(),
  }))
  readonly #epochs = new Set<string>()

  constructor(world: World, run: number) {
    this.#world = world
    this.#rooms = kinds.map((kind) => new RoomModel(kind, run))
  }

  async play(steps: readonly Step[]): Promise<void> {
    try {
      for (const one of steps) {
        await this.#do(one)
        for (const person of this.#people) await this.#hearsExactly(person)
      }
    } finally {
      for (const person of this.#people) await this.#cut(person)
    }
  }

  async #do(one: Step): Promise<void> {
    if (one.do === 'restart') return this.#restart()
    const person = this.#people[one.who]!
    if (one.do === 'drop' || one.do === 'leave') return this.#cut(person, one.do)
    if (one.do === 'resume') await this.#cut(person)
    person.actor ??= await this.#world.person(person.name)
    const { actor } = person
    if (one.do === 'resume') await this.#resume(person, actor)
    if ('room' in one) await this.#doInRoom(person, actor, one)
  }

  async #doInRoom(person: Person, actor: Actor, one: StepInRoom): Promise<void> {
    const model = this.#rooms[one.room]!
    if (one.do === 'publish') return this.#publish(actor, model, one)
    if (one.do === 'unsubscribe') {
      if (person.in.delete(model)) await actor.leaves(model.name)
      return
    }
    const from = one.since === 'held' ? person.held.get(model) : one.since === 'earliest' ? 'earliest' : undefined
    const answer = await actor.joins(model.name, from)
    this.#begins(person, model, { from, answer })
  }

  /** All rooms in one request. */
  async #resume(person: Person, actor: Actor): Promise<void> {
    const wanted = [...person.held]
    if (wanted.length === 0) return
    actor.sends({ type: 'subscribe', id: 'r', rooms: wanted.map(([{ name }, at]) => ({ room: name, since: at })) })
    for (const [model, from] of wanted) {
      const answer = await actor.frames.take(
        `resuming ${model.name}`,
        (came): came is Extract<SubscriptionFrame, { status: 'subscribed' }> =>
          came.type === 'subscription' && came.status === 'subscribed' && came.room === model.name,
      )
      this.#begins(person, model, { from, answer })
    }
    await actor.sees('reply')
  }

  #begins(
    person: Person,
    model: RoomModel,
    { from, answer }: { from: Since | undefined; answer: Extract<SubscriptionFrame, { status: 'subscribed' }> },
  ): void {
    this.#knows(model, answer.epoch)
    const { offset, recovered, reason } = answer
    const said = {
      offset,
      ...(recovered === undefined ? {} : { recovered }),
      ...(reason === undefined ? {} : { reason }),
    }
    expect(said).toEqual(model.begin(from))
    person.in.set(model, offset)
    person.held.set(model, model.position(offset))
  }

  /** An epoch is told the same to everybody, and never comes again after its log is lost (I4). */
  #knows(model: RoomModel, epoch: string): void {
    if (model.epoch === undefined) {
      expect(this.#epochs.has(`${model.name} ${epoch}`)).toBe(false)
      this.#epochs.add(`${model.name} ${epoch}`)
      model.epoch = epoch
    }
    expect(epoch).toBe(model.epoch)
  }

  async #publish(actor: Actor, model: RoomModel, one: Step & { do: 'publish' }): Promise<void> {
    const ours = Array.from({ length: one.count }, (_, index) => {
      const n = nextNumber++
      const ownKey = index === 0 && one.key !== undefined ? one.key : undefined
      return { n, ownKey, wanted: model.publish(n, ownKey === undefined ? undefined : `${actor.name} ${ownKey}`) }
    })
    // Sent at once: they keep their order.
    const results = await Promise.all(ours.map(({ n, ownKey }) => actor.says(model.name, 'counted', { n }, ownKey)))
    for (const [index, { wanted }] of ours.entries()) {
      const { offset, duplicate } = wanted
      expect(results[index]).toMatchObject({ offset, duplicate, durability: model.kind.durable ? 'disk' : 'memory' })
      this.#knows(model, results[index]!.epoch)
    }
  }

  /** Every event up to the top of each of its rooms, in order, and then nothing. */
  async #hearsExactly(person: Person): Promise<void> {
    const { actor } = person
    if (!actor) return
    for (const [model, from] of person.in) {
      for (let offset = from + 1; offset <= model.top; offset++) {
        const { event } = await actor.frames.take(
          `offset ${offset} of ${model.name}`,
          (came): came is EventFrame => came.type === 'event' && came.event.room === model.name,
        )
        expect({ offset: event.offset, data: event.data }).toEqual({ offset, data: { n: model.at(offset)! } })
      }
      person.in.set(model, model.top)
      person.held.set(model, model.position(model.top))
    }
    actor.sends({ type: 'ping' })
    await actor.sees('pong')
    const surplus = actor.frames.items.filter((came) => came.type !== 'connected')
    expect(surplus).toEqual([])
  }

  async #cut(person: Person, how: 'drop' | 'leave' = 'drop'): Promise<void> {
    const { actor } = person
    person.actor = undefined
    person.in.clear()
    await (how === 'drop' ? actor?.drops() : actor?.goes())
  }

  async #restart(): Promise<void> {
    const there = this.#people.flatMap(({ actor }) => actor ?? [])
    await this.#world.restarts()
    for (const actor of there) expect((await actor.closed).code).toBe(1012)
    for (const model of this.#rooms) model.restart()
    for (const person of this.#people) await this.#cut(person)
  }
}
