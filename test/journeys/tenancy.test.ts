import { expect, test } from 'bun:test'
import { type Json, type RoomEvent, toFanfareError } from '@fanfare/protocol'
import { type Actor, startWorld, type World } from '@fanfare/testkit'
import fc from 'fast-check'
import { clinic } from '../support/clinic.ts'

/**
 * Two tenants whose rooms and users have the same names do whatever the public verbs allow, in any order. Whatever comes
 * out to one must carry its own mark, which only its own members ever put in.
 */
const tenants = ['acme', 'acme.eu'] as const
type Tenant = (typeof tenants)[number]
const rooms = ['ward:1', 'ward:2', 'patient:7', 'corridor:1', 'notices'] as const
const users = ['ann', 'bob'] as const

const step = fc.record({
  tenant: fc.constantFrom(...tenants),
  user: fc.constantFrom(...users),
  room: fc.constantFrom(...rooms),
  verb: fc.constantFrom(
    'publish',
    'publish',
    'join',
    'join',
    'leave',
    'resume',
    'history',
    'enter',
    'members',
    'command',
    'http publish',
    'http history',
    'http presence',
    'stats',
    'grant',
    'revoke',
    'server publish',
    'foreign name',
    'reconnect',
  ),
})
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

const grants = ['*:patient']

class Play {
  readonly #world: World
  readonly #actors = new Map<string, Actor>()
  readonly #positions = new Map<string, { epoch: string; offset: number }>()
  /** Everything that each tenant's people were told, as text. */
  readonly #told: Record<Tenant, string[]> = { acme: [], 'acme.eu': [] }
  readonly #events: { readonly tenant: Tenant; readonly event: RoomEvent }[] = []

  constructor(world: World) {
    this.#world = world
  }

  async #actor(tenant: Tenant, user: string): Promise<Actor> {
    const name = `${tenant}/${user}`
    const known = this.#actors.get(name)
    if (known) return known
    const actor = await this.#world.person(user, { tenantId: tenant, grants, roles: ['admin'] })
    this.#actors.set(name, actor)
    return actor
  }

  /** Refusals are part of the game: what they say is kept too. */
  async run(given: Step): Promise<void> {
    const told = await this.#do(given).catch((error: unknown) => toFanfareError(error).message)
    this.#told[given.tenant].push(JSON.stringify(told ?? null))
  }

  async #do({ tenant, user, room, verb }: Step): Promise<unknown> {
    const actor = await this.#actor(tenant, user)
    const data = { text: `mark-of-${tenant}!` }
    const event = room === 'notices' ? 'notice' : 'message.created'
    const http = async (path: string, init: RequestInit = {}): Promise<unknown> =>
      (
        await this.#world.asks(path, { ...init, as: user, claims: { tenantId: tenant, grants, roles: ['admin'] } })
      ).json()
    const place = `/v1/rooms/${encodeURIComponent(room)}`
    const post = (body: Json) => ({
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    switch (verb) {
      case 'publish':
        return actor.says(room, event, data, 'the same key')
      case 'join': {
        const { epoch, offset } = await actor.joins(room)
        this.#positions.set(`${room}`, { epoch, offset })
        return undefined
      }
      case 'leave':
        return actor.leaves(room)
      // Whoever joined last in either tenant: a position of the other tenant must give nothing of it.
      case 'resume':
        return actor.joins(room, this.#positions.get(room) ?? 'earliest')
      case 'history':
        return actor.reads(room)
      case 'enter':
        return actor.asks({ type: 'presence', room, state: data })
      case 'members':
        return actor.asks({ type: 'presence', room })
      case 'command':
        return actor.asks({
          type: 'command',
          name: 'message:send',
          input: { ward: '1', text: data.text },
          key: 'the same key',
        })
      case 'http publish':
        return http(`${place}/events`, post({ event, data }))
      case 'http history':
        return http(`${place}/history`)
      case 'http presence':
        return http(`${place}/presence`)
      case 'stats':
        return http('/v1/stats')
      case 'grant':
        return http(`/v1/users/${user}/grants`, post({ grants: ['read:patient:7'] }))
      case 'revoke':
        return http(`/v1/users/${user}/grants`, { ...post({ grants: ['read:patient:7'] }), method: 'DELETE' })
      case 'server publish': {
        const { app, engine } = this.#world.server.services
        const draft = {
          id: crypto.randomUUID(),
          type: event,
          tenantId: tenant,
          room,
          data,
          timestamp: new Date().toISOString(),
        }
        return (await engine.log.publish(app.room(tenant, room), draft)).durability
      }
      // A name that would be the other tenant's room, if names were joined carelessly.
      case 'foreign name':
        return actor.joins(`${tenants.find((other) => other !== tenant)}|${room}`)
      case 'reconnect':
        this.#actors.delete(`${tenant}/${user}`)
        this.#keep(tenant, actor)
        return (await actor.drops()).code
    }
  }

  #keep(tenant: Tenant, actor: Actor): void {
    this.#told[tenant].push(JSON.stringify(actor.frames.items))
    for (const event of actor.heard) this.#events.push({ tenant, event })
  }

  end(): void {
    for (const [name, actor] of this.#actors) this.#keep(name.split('/')[0] as Tenant, actor)
    for (const { tenant, event } of this.#events) expect(event.tenantId).toBe(tenant)
    for (const tenant of tenants) {
      const other = tenants.find((one) => one !== tenant)
      const everything = this.#told[tenant].join('\n')
      expect(everything).not.toContain(`mark-of-${other}!`)
      expect(everything).not.toContain(`"tenantId":"${other}"`)
    }
  }

  /** That the game is worth playing: people did hear their own. */
  get heardSomething(): boolean {
    return this.#events.length > 0
  }
}

test('S-09: two tenants with equal names never see anything of each other', async () => {
  let heard = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      await using world = await startWorld({
        app: clinic,
        config: { limits: { framesPerSecond: 1e6, framesBurst: 1e6, framesPerSecondPerUser: 1e6 } },
      })
      const play = new Play(world)
      for (const given of steps) await play.run(given)
      play.end()
      if (play.heardSomething) heard++
    }),
    { numRuns: 40 },
  )
  expect(heard).toBeGreaterThan(10)
}, 60_000)
