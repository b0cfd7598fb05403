/** Sign in: checks a password, mints a token, and tells the tenant that somebody came. Guessing is slowed by counters. */
import { FanfareError } from '@fanfare/protocol'
import type { AppContext, MintClaims } from '@fanfare/server'
import { z } from 'zod'
import { publishEvent, userIdOf } from './events.ts'
import type { Account, Users } from './users.ts'

const Request = z.object({ email: z.email().max(254), password: z.string().min(1).max(200) })

export type SignInOptions = {
  readonly users: Users
  readonly of: (tenantId: string) => AppContext
  readonly mint: (claims: MintClaims) => Promise<string>
}

/** Counters of failures are not one tenant's: before the password is right, nobody knows whose they are. */
const doorTenant = 'sign-in'
const failuresAllowed = 5
const failuresForgottenMs = 5 * 60_000
const tokenSeconds = 8 * 3_600
const rememberLoginMs = 90 * 86_400_000

/** @throws FanfareError `invalid_payload`, `rate_limited`, `unauthenticated` */
export const signIn = async (options: SignInOptions, body: unknown) => {
  const read = Request.safeParse(body)
  if (!read.success) throw new FanfareError('invalid_payload', z.prettifyError(read.error))
  const account = await checkPassword(options, read.data)
  const context = options.of(account.tenantId)
  const token = await options.mint({
    tenantId: account.tenantId,
    userId: account.id,
    roles: account.roles,
    claims: { name: account.name },
    ttlSeconds: tokenSeconds,
  })
  const visit = await rememberVisit(context, account)
  await publishEvent(context, {
    type: 'user.login',
    userId: account.id,
    data: { email: account.email, name: account.name },
  })
  return { token, user: shown(account), ...visit }
}

const shown = ({ id, tenantId, email, name }: Account) => ({ id: userIdOf(id), tenant_id: tenantId, email, name })

const checkPassword = async (
  { users, of }: SignInOptions,
  { email, password }: z.infer<typeof Request>,
): Promise<Account> => {
  const { cache } = of(doorTenant)
  const key = `failures:${email.trim().toLowerCase()}`
  // Counted before the password is looked at, so that many guesses at once do not all pass.
  if ((await cache.increment(key, 1, { ttlMs: failuresForgottenMs })) > failuresAllowed) {
    throw new FanfareError('rate_limited', 'Too many attempts for this address; wait a few minutes.', {
      retryAfterMs: failuresForgottenMs,
    })
  }
  const account = await users.check(email, password)
  if (account === undefined) throw new FanfareError('unauthenticated', 'The address or the password is wrong.')
  await cache.delete(key)
  return account
}

/** How often the user came, and when last. */
const rememberVisit = async ({ cache }: AppContext, { id }: Account) => {
  const before = await cache.get(`last-login:${id}`)
  await cache.set(`last-login:${id}`, new Date().toISOString(), { ttlMs: rememberLoginMs })
  const logins = await cache.increment(`logins:${id}`)
  return { logins, last_login: typeof before === 'string' ? before : null }
}
