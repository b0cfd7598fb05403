import { expect, test } from 'bun:test'
import { fakeClock } from '../lib/fake-clock.ts'
import { fixedKeys, type KeySource, secretKey, type TypedKey } from './keys.ts'
import { mintToken } from './mint.ts'
import { createTokens } from './tokens.ts'

const start = Date.UTC(2026, 0, 1)
const hmac = await secretKey(new TextEncoder().encode('kT7mXw2pQz9rLs4vBn6hJd8fGc3yAe5u'))
const stranger = await secretKey(new TextEncoder().encode('Zp4nRv8kXc2mWq6tYb9sHd3gJf7aLe5u'))
const sign = (key: TypedKey): Promise<string> =>
  mintToken({ tenantId: 'acme', userId: 'ann', ttlSeconds: 60 }, { key, now: start })

const counting = (keys: readonly TypedKey[]) => {
  const source = fixedKeys(keys)
  const asked = { times: 0 }
  const find: KeySource['find'] = (kid, algorithm) => {
    asked.times++
    return source.find(kid, algorithm)
  }
  return { asked, source: { find } }
}

test('a verified token is remembered, so that reconnects are cheap, but not beyond its end nor long after its key is gone', async () => {
  const clock = fakeClock(start)
  const { asked, source } = counting([hmac])
  const tokens = createTokens({ keys: [source], clock, rememberMs: 20_000 })
  const token = await sign(hmac)
  const first = await tokens.verify(token)
  expect(await tokens.verify(token)).toBe(first)
  expect(asked.times).toBe(1)
  await clock.advance(20_000)
  await tokens.verify(token)
  expect(asked.times).toBe(2)
  await clock.advance(46_000)
  await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'token_expired' })
})

test('no more tokens are remembered than may be, and none that was refused', async () => {
  const { asked, source } = counting([hmac])
  const tokens = createTokens({ keys: [source], clock: fakeClock(start), remembered: 2 })
  const [one, two, three] = await Promise.all([hmac, hmac, hmac].map(sign))
  for (const token of [one!, two!, one!, three!, one!]) await tokens.verify(token)
  expect(asked.times).toBe(3)
  await tokens.verify(two!)
  expect(asked.times).toBe(4)
  const forged = await sign(stranger)
  for (const _ of [1, 2]) await tokens.verify(forged).catch(() => {})
  expect(asked.times).toBe(6)
})
