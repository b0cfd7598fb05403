/** A telehealth clinic for tests, and its people as Socket.IO clients. */
import { startWorld, type World, type WorldOptions } from '@fanfare/testkit'
import { createTelehealth, type TelehealthOptions } from '../../../examples/telehealth/app.ts'
import { type Client, type ClientOptions, connectClient } from './socketio.ts'

export const clinic = 'riverside'
/** The patient whose visits the documents' own clients name. */
export const patient = 'test-user-123'
export const provider = 'dr-okafor'

export const openClinic = (config: WorldOptions['config'] = {}, options: TelehealthOptions = {}): Promise<World> =>
  startWorld({ app: createTelehealth(options), config })

/** As the clients' own tests make it: a user and a role; the tenant is ours. */
export const tokenOf = (world: World, userId: string, role: string, tenantId = clinic): Promise<string> =>
  world.token(userId, { tenantId, roles: [role], claims: { userId, role } })

export type Person = { readonly userId: string; readonly role: string; readonly tenantId?: string }

export const people = {
  maya: { userId: patient, role: 'patient' },
  okafor: { userId: provider, role: 'provider' },
  elias: { userId: 'elias', role: 'patient' },
  sorensen: { userId: 'dr-sorensen', role: 'provider', tenantId: 'hillside' },
} as const satisfies { readonly [name: string]: Person }

/** Connected and greeted. */
export const come = async (world: World, person: Person, options: Partial<ClientOptions> = {}): Promise<Client> => {
  const token = await tokenOf(world, person.userId, person.role, person.tenantId)
  const client = await connectClient({ url: world.url, token, transports: ['websocket'], ...options })
  await client.hears('connected')
  return client
}

export type Answer = {
  readonly success: boolean
  readonly error?: { readonly code: string; readonly message: string }
  readonly [name: string]: unknown
}

/** What the client is answered. */
export const ask = async (client: Client, name: string, input: object): Promise<Answer> =>
  (await client.asks(name, input))[0] as Answer

export type Told = {
  readonly id: string
  readonly visitId: string
  readonly message: string
  readonly [name: string]: unknown
}

/** The texts of the messages that the client has heard of, in order. */
export const textsOf = (client: Client, name = 'message:new'): readonly string[] =>
  client.told(name).map((told) => (told as Told).message)

export const signIn = async (world: World, email: string, password = 'password123') => {
  const response = await fetch(`${world.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  })
  return { status: response.status, body: (await response.json()) as { readonly [name: string]: unknown } }
}

/** As the clinic's own server, with an API key. */
export const notify = async (world: World, notifications: readonly object[]): Promise<unknown> => {
  const { auth } = world.server.services
  const keys = (auth as typeof auth & { keys: { create(key: object): Promise<{ key: string }> } }).keys
  const { key } = await keys.create({ tenantId: clinic, name: 'clinic', scopes: ['publish'] })
  const response = await fetch(`${world.url}/v1/notifications`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ notifications }),
  })
  return response.json()
}
