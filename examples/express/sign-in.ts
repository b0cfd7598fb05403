/**
 * The application's own sign-in, as it may have been before there was anything live in it: a password for an access token
 * that this server signs and nobody stores. Knows nothing of Fanfare.
 */
import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import type { RequestHandler } from 'express'

export type Worker = { readonly id: string; readonly company: string; readonly depot: string }

type Account = Worker & { readonly salt: Buffer; readonly hash: Buffer }

const hashOf = (password: string, salt: Buffer): Buffer => scryptSync(password, salt, 32)

/** Demonstration accounts. A real application has these in its database. */
const accountOf = (worker: Worker, password: string): Account => {
  const salt = randomBytes(16)
  return { ...worker, salt, hash: hashOf(password, salt) }
}

const accounts: ReadonlyMap<string, Account> = new Map([
  ['ida', accountOf({ id: 'ida', company: 'parcels', depot: 'north' }, 'ida-demo-1')],
  ['per', accountOf({ id: 'per', company: 'parcels', depot: 'south' }, 'per-demo-1')],
])

const lifetimeMs = 8 * 3_600_000

export class SignIn {
  /** Access tokens end with the process; a real application keeps its key. */
  readonly #key = randomBytes(32)

  /** @returns an access token, or undefined when name or password are wrong */
  accessToken(name: unknown, password: unknown): string | undefined {
    if (typeof name !== 'string' || typeof password !== 'string' || password.length > 200) return undefined
    const account = accounts.get(name)
    // A name that nobody has takes as long as a wrong password.
    const { salt, hash } = account ?? { salt: Buffer.alloc(16), hash: Buffer.alloc(32) }
    if (!timingSafeEqual(hashOf(password, salt), hash) || account === undefined) return undefined
    const claims = Buffer.from(JSON.stringify({ name, until: Date.now() + lifetimeMs })).toString('base64url')
    return `${claims}.${this.#sign(claims)}`
  }

  /** Lets nobody pass without an access token; leaves the worker in `response.locals`. */
  readonly required: RequestHandler = (request, response, next) => {
    const worker = this.#workerOf(request.get('authorization') ?? '')
    if (worker === undefined) {
      response.status(401).json({ error: 'Sign in first.' })
      return
    }
    response.locals.worker = worker
    next()
  }

  #workerOf(header: string): Worker | undefined {
    const [, claims = '', signature = ''] = /^Bearer ([\w-]+)\.([\w-]+)$/.exec(header) ?? []
    const expected = Buffer.from(this.#sign(claims))
    const given = Buffer.from(signature)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    const { name, until } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { name: string; until: number }
    return until > Date.now() ? accounts.get(name) : undefined
  }

  #sign(claims: string): string {
    return createHmac('sha256', this.#key).update(claims).digest('base64url')
  }
}
