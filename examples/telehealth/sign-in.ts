/** Sign in and stay signed in: passwords are checked, tokens are minted for an hour, and renewed for a week at most. */
import { FanfareError } from '@fanfare/protocol'
import type { AppContext, MintClaims, User } from '@fanfare/server'
import { z } from 'zod'
import type { People, Person } from './people.ts'

export const Login = z.object({ email: z.email().max(254), password: z.string().min(1).max(200) })

/** Made once the server is up. */
export type Door = {
  readonly people: People
  readonly of: (tenantId: string) => AppContext
  readonly mint: (claims: MintClaims) => Promise<string>
  readonly mode: 'development' | 'production'
}

/** Counters of failures are no tenant's: before the password is right, nobody knows whose they are. */
const doorTenant = 'sign-in'
const failuresAllowed = 5
const failuresForgottenMs = 5 * 60_000
const tokenSeconds = 3_600
const longestMs = 7 * 86_400_000

/** @throws FanfareError `rate_limited`, `unauthenticated` */
export const signIn = async (door: Door, login: z.infer<typeof Login>) => {
  const person = await checkPassword(door, login)
  return admit(door, person, Date.now())
}

/** A new token for whoever still has a good one. @throws FanfareError `unauthenticated` */
export const renew = async (door: Door, user: User | undefined) => {
  const signedInAt = Number(user?.claims.signedInAt)
  const person = user && door.people.find(user.tenantId, user.id)
  if (!person || !(Date.now() - signedInAt < longestMs)) {
    throw new FanfareError('unauthenticated', 'Sign in again.')
  }
  return admit(door, person, signedInAt)
}

const admit = async ({ mint }: Door, person: Person, signedInAt: number) => {
  const { id, tenantId, email, name, title, role } = person
  const token = await mint({
    tenantId,
    userId: id,
    roles: [role],
    claims: { userId: id, role, name, signedInAt },
    ttlSeconds: tokenSeconds,
  })
  return { token, expiresIn: tokenSeconds, user: { id, email, name, title, role, clinic: tenantId } }
}

const checkPassword = async ({ people, of }: Door, { email, password }: z.infer<typeof Login>): Promise<Person> => {
  const { cache } = of(doorTenant)
  const key = `failures:${email.trim().toLowerCase()}`
  // Counted before the password is looked at, so that many guesses at once do not all pass.
  if ((await cache.increment(key, 1, { ttlMs: failuresForgottenMs })) > failuresAllowed) {
    throw new FanfareError('rate_limited', 'Too many attempts for this address; wait a few minutes.', {
      retryAfterMs: failuresForgottenMs,
    })
  }
  const person = await people.check(email, password)
  if (person === undefined) throw new FanfareError('unauthenticated', 'The address or the password is wrong.')
  await cache.delete(key)
  return person
}
