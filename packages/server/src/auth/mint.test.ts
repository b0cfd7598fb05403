import { expect, test } from 'bun:test'
import { secretKey } from './keys.ts'
import { mintToken } from './mint.ts'

const hmac = await secretKey(new TextEncoder().encode('kT7mXw2pQz9rLs4vBn6hJd8fGc3yAe5u'))

test('mints nothing that it would refuse', async () => {
  const options = { key: hmac, now: Date.UTC(2026, 0, 1) }
  const good = { tenantId: 'acme', userId: 'ann' }
  for (const bad of [
    { tenantId: 'a b' },
    { userId: '' },
    { ttlSeconds: 0 },
    { ttlSeconds: 86_401 },
    { grants: ['read'] },
  ]) {
    await expect(mintToken({ ...good, ...bad }, options)).rejects.toMatchObject({ code: 'invalid_payload' })
  }
})
