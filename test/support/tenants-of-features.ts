/**
 * Tenants whose rooms, users, topics and keys have the same names, on one server, and what their people and servers do there:
 * every verb of the features, by every way in. What comes of it is written down so that a run beside others can be held
 * against a run alone.
 */
import { join } from 'node:path'
import type { Json, Position, Since } from '@fanfare/protocol'
import { toFanfareError } from '@fanfare/protocol'
import { defineApp } from '@fanfare/server'
import { type Actor, startWorld, type World } from '@fanfare/testkit'
import { z } from 'zod'
import { run } from '../../packages/server/src/cli/program.ts'
import { fakeTerminal } from '../../packages/server/src/cli/terminal.fake.ts'
import { type Client, connectClient } from '../journeys/clients/socketio.ts'
import { Plainly, visit } from './plainly.ts'
import { tablesOf } from './tables-of.ts'
import { type Command, rooms, type Step, type Tenant, tenants, users, type Verb } from './tenants-steps.ts'
import { unlimited } from './unlimited.ts'

const app = defineApp({
  rooms: {
    'notes:{id}': {
      events: { 'note.added': z.object({ text: z.string() }) },
      log: { archive: '1d' },
      access: 'tenant',
      publish: 'tenant',
    },
  },
  socketio: {},
  features: { chat: { create: () => true }, inbox: { topic: () => true }, status: { access: () => true } },
})

/** What one tenant is left with: every answer, and its rows. */
export type Outcome = {
  readonly answers: readonly string[]
  readonly rows: readonly string[]
}

type Person = { readonly actor: Actor; readonly client: Client }

/** One tenant on a stage: its people are there from the beginning, and its answers are kept as they come. */
class Company {
  readonly #world: World
  readonly tenant: Tenant
  readonly plainly = new Plainly()
  readonly answers: string[] = []
  /** Everything as it came, to look for marks of others in. */
  readonly told: string[] = []
  readonly messages: string[] = []
  readonly notifications: string[] = []
  /** Of messages. */
  readonly roomOf = new Map<string, string>()
  readonly positions = new Map<string, Position>()
  people = new Map<string, Person>()
  key = ''

  constructor(world: World, tenant: Tenant) {
    this.#world = world
    this.tenant = tenant
  }

  get claims() {
    return { tenantId: this.tenant, roles: ['nurse'] } as const
  }

  async comes(): Promise<void> {
    for (const name of users) {
      const actor = await this.#world.person(name, this.claims)
      const token = await this.#world.token(name, this.claims)
      const client = await connectClient({ url: this.#world.url, token, transports: ['websocket'] })
      this.people.set(name, { actor, client })
    }
    const { actor } = this.people.get('ann')!
    for (const id of rooms) {
      await actor.asks({ type: 'command', name: 'chat:create', input: { id, members: [{ userId: 'bob' }] } })
    }
    // Who has connected is written down a little later; what comes then must not depend on when.
    for (;;) {
      const statuses = await actor.asks({ type: 'command', name: 'status:get', input: { userIds: [...users] } })
      if ((statuses as readonly { state: string }[]).every(({ state }) => state === 'online')) return
    }
  }

  keep(answer: unknown): void {
    this.told.push(JSON.stringify(answer ?? null))
    this.answers.push(this.plainly.of(answer))
  }

  goes(): void {
    for (const { client } of this.people.values()) client[Symbol.dispose]()
  }
}

type Setting = {
  readonly folder: string
  readonly keys: ReadonlyMap<Tenant, string>
  readonly present: readonly Tenant[]
}

/** Made while nothing runs in the folder. */
const keyOf = async (folder: string, tenant: Tenant): Promise<string> => {
  const terminal = fakeTerminal({ folder })
  const scopes = ['admin', 'publish', 'read'].flatMap((scope) => ['--scope', scope])
  const words = ['key', 'create', '--tenant', tenant, '--name', 'servers', '--data', folder, ...scopes]
  if ((await run(words, terminal.terminal, '1.0.0')) !== 0) throw new Error(terminal.lines.join(' '))
  return terminal.lines[0] ?? ''
}

/** A server with some of the tenants on it. */
export class Stage implements AsyncDisposable {
  readonly #world: World
  readonly #folder: string
  readonly #companies: ReadonlyMap<Tenant, Company>
  /** Of every tenant, here or not. */
  readonly #keys: ReadonlyMap<Tenant, string>

  private constructor(world: World, { folder, keys, present }: Setting) {
    this.#keys = keys
    this.#world = world
    this.#folder = folder
    this.#companies = new Map(present.map((tenant) => [tenant, new Company(world, tenant)]))
  }

  static async open(folder: string, present: readonly Tenant[]): Promise<Stage> {
    const keys = new Map<Tenant, string>()
    for (const tenant of tenants) keys.set(tenant, await keyOf(folder, tenant))
    const stage = new Stage(await startWorld({ app, config: { dataFolder: folder, limits: unlimited } }), {
      folder,
      keys,
      present,
    })
    for (const company of stage.#companies.values()) await company.comes()
    return stage
  }

  /** Refusals are answers too. */
  async play({ tenant, user: name, verb: given }: Step): Promise<void> {
    const company = this.#companies.get(tenant)
    if (!company) return
    const answer = await this.#do(company, name, given).catch((error: unknown) => {
      const { code, message } = toFanfareError(error)
      return { code, message }
    })
    company.keep(answer)
  }

  #do(company: Company, name: string, given: Verb): Promise<unknown> {
    const { actor } = company.people.get(name)!
    switch (given.kind) {
      case 'command':
        return this.#command(company, name, given)
      case 'route':
        return this.#route(company, given)
      case 'history':
        return actor.reads(given.room)
      case 'leave':
        return actor.leaves(given.room)
      case 'join':
        return this.#join(company, actor, given.room)
      case 'resume':
        return this.#join(company, actor, given.room, this.#position(company, given))
      case 'publish':
        return actor.says('notes:1', 'note.added', { text: marked(company, given.text) }, given.key)
      case 'ticket':
      case 'foreign ticket':
        return this.#ticket(company, name, given.kind)
    }
  }

  async #command(company: Company, name: string, { command: asks, way }: Extract<Verb, { kind: 'command' }>) {
    const input = this.#inputOf(company, asks)
    const idempotency = 'key' in asks && asks.key !== undefined ? { key: asks.key } : {}
    const { actor, client } = company.people.get(name)!
    const run = async (): Promise<unknown> => {
      if (way === 'native') return actor.asks({ type: 'command', name: asks.name, input, ...idempotency })
      if (way === 'socket.io') return (await client.asks(asks.name, input))[0]
      const body = JSON.stringify({ input, ...idempotency })
      const headers = { 'Content-Type': 'application/json' }
      const path = `/v1/commands/${asks.name}`
      return answerOf(await this.#world.asks(path, { method: 'POST', as: name, claims: company.claims, headers, body }))
    }
    const answer = await run()
    note(company, answer)
    return answer
  }

  #inputOf(company: Company, asks: Command): Json {
    const input: { [member: string]: Json } = { ...(asks.input as { [member: string]: Json }) }
    for (const member of ['text', 'title'] as const) {
      if (typeof input[member] === 'string') input[member] = marked(company, input[member])
    }
    if (!('naming' in asks)) return input
    const { as, which: of } = asks.naming
    const id = this.#idOf(company, as === 'ids' ? 'notifications' : 'messages', of)
    // Where it is the tenant's own, it is looked for where it is.
    const room = company.roomOf.get(id)
    if (room !== undefined) input.roomId = room
    return { ...input, [as]: as === 'ids' ? [id] : id }
  }

  /** Where the other tenant is not here, an id of theirs is one of nobody's. */
  #idOf(company: Company, of: 'messages' | 'notifications', named: 'newest' | 'older' | 'foreign'): string {
    const nobodys = '01900000-0000-7000-8000-000000000000'
    if (named === 'foreign') return this.#other(company)?.[of].at(-1) ?? nobodys
    return company[of].at(named === 'newest' ? -1 : -3) ?? nobodys
  }

  #other({ tenant }: Company): Company | undefined {
    return [...this.#companies.values()].find((company) => company.tenant !== tenant)
  }

  async #route(company: Company, { route: asks, foreignKey }: Extract<Verb, { kind: 'route' }>): Promise<unknown> {
    const other = tenants.find((tenant) => tenant !== company.tenant)!
    const { method, path } = asks.at
    const url = new URL(path, this.#world.url)
    // A key opens its own tenant, whatever the address says.
    if (foreignKey) url.searchParams.set('tenantId', company.tenant)
    const authorization = `Bearer ${this.#keys.get(foreignKey ? other : company.tenant)}`
    const body = 'body' in asks ? { body: markedBody(company, asks.body) } : {}
    const headers = { Authorization: authorization, 'Content-Type': 'application/json' }
    const answer = await answerOf(await fetch(url, { method, headers, ...body }))
    note(company, answer)
    return answer
  }

  async #join(company: Company, actor: Actor, room: string, since?: Since): Promise<unknown> {
    const { epoch, offset, recovered } = await actor.joins(room, since)
    company.positions.set(room, { epoch, offset })
    return { room, offset, recovered }
  }

  #position(company: Company, { room, from }: { readonly room: string; readonly from: 'own' | 'foreign' }): Since {
    if (from === 'own') return company.positions.get(room) ?? 'earliest'
    return this.#other(company)?.positions.get(room) ?? { epoch: 'nobodys1', offset: 1 }
  }

  /** A ticket is of its tenant, and whoever shows it elsewhere is told so. */
  async #ticket(company: Company, name: string, kind: 'ticket' | 'foreign ticket'): Promise<unknown> {
    const asked = { method: 'POST', as: name, claims: company.claims }
    const { ticket } = (await (await this.#world.asks('/v1/tickets', asked)).json()) as { readonly ticket: string }
    const claimed = kind === 'ticket' ? company.tenant : tenants.find((tenant) => tenant !== company.tenant)!
    const query = `ticket=${encodeURIComponent(ticket)}&tenantId=${claimed}&room=notes:1`
    const controller = new AbortController()
    const response = await fetch(`${this.#world.url}/v1/stream?${query}`, { signal: controller.signal })
    controller.abort()
    return response.status
  }

  /** Ends the play: everybody has heard what there is, the server has stopped, and its rows are read. */
  async ends(): Promise<ReadonlyMap<Tenant, Outcome>> {
    for (const company of this.#companies.values()) {
      // Whatever was on its way to somebody has come by then.
      for (const { actor } of company.people.values()) await actor.asks({ type: 'history', room: 'notes:1' })
      company.goes()
    }
    await this.#world.server.stop()
    const rows = tablesOf(this.#folder)
    // Of one who is not here there is only what their key did to be refused.
    const owners = new Set(
      [...rows].filter(([, all]) => all.some((row) => !row.startsWith('audit'))).map(([owner]) => owner),
    )
    return new Map(
      [...this.#companies].map(([tenant, { answers, people, told }]) => {
        for (const { actor, client } of people.values()) told.push(JSON.stringify([actor.heard, client.heard]))
        this.#heldApart(tenant, told, owners)
        return [tenant, { answers, rows: rows.get(tenant) ?? [] }] as const
      }),
    )
  }

  /** Whatever came out to one tenant carries no mark of another. @throws Error */
  #heldApart(tenant: Tenant, told: readonly string[], owners: ReadonlySet<string>): void {
    const everything = told.join('\n')
    for (const other of tenants.filter((one) => one !== tenant)) {
      if (everything.includes(markOf(other))) throw new Error(`${tenant} was told what is ${other}'s.`)
      if (everything.includes(`"tenantId":"${other}"`)) throw new Error(`${tenant} was told an event of ${other}.`)
      if (!this.#companies.has(other) && owners.has(other)) throw new Error(`${tenant} wrote rows of ${other}.`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const company of this.#companies.values()) company.goes()
    await this.#world[Symbol.asyncDispose]()
  }
}

const markOf = (tenant: Tenant): string => `mark-of-${tenant}!`
const marked = ({ tenant }: Company, said: string): string => `${said} ${markOf(tenant)}`

const markedBody = (company: Company, body: unknown): string =>
  JSON.stringify(body, (member, value: unknown) =>
    (member === 'text' || member === 'title') && typeof value === 'string' ? marked(company, value) : value,
  )

const answerOf = async (response: Response): Promise<unknown> => {
  const body: unknown = response.status === 204 ? null : await response.json()
  return { status: response.status, body }
}

/** Ids that an answer shows are named by later steps. */
const note = ({ messages, notifications, roomOf }: Company, answer: unknown): void => {
  visit(answer, (value) => {
    const { id, number, kind, roomId } = value
    if (typeof id === 'string' && typeof roomId === 'string') roomOf.set(id, roomId)
    if (typeof id !== 'string') return
    if (typeof number === 'number' && !messages.includes(id)) messages.push(id)
    if (typeof kind === 'string' && !notifications.includes(id)) notifications.push(id)
  })
}

export type Apart = { readonly together: ReadonlyMap<Tenant, Outcome>; readonly alone: ReadonlyMap<Tenant, Outcome> }

/** The same steps on one server for all tenants, and on one for each. @throws Error where one was told what is another's */
export const apart = async (folder: string, steps: readonly Step[]): Promise<Apart> => {
  const play = async (name: string, present: readonly Tenant[]): Promise<ReadonlyMap<Tenant, Outcome>> => {
    await using stage = await Stage.open(join(folder, name), present)
    for (const given of steps) await stage.play(given)
    return await stage.ends()
  }
  const together = await play('together', tenants)
  const alone = new Map<Tenant, Outcome>()
  for (const tenant of tenants) for (const [name, outcome] of await play(tenant, [tenant])) alone.set(name, outcome)
  return { together, alone }
}
