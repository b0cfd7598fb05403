/** What every trust store must do; an implementation's test is one call of this. */
import { afterAll, describe, expect, test } from 'bun:test'
import { noTrust, type StoredKey, type TrustStore } from './trust-store.ts'

export type TrustHost = {
  /** A store over what is there: as another node or process, or a later life, has it. */
  next(): Promise<TrustStore>
  close(): Promise<void>
}

export const labKey: StoredKey = {
  id: '0011223344556677',
  tenantId: 'acme',
  name: 'lab “1”',
  scopes: ['publish', 'read:patient:*'],
  createdAt: 1_767_225_600_000,
  hash: 'h',
}

export const describeTrustStore = (name: string, make: () => Promise<TrustHost>): void => {
  describe(`trust store contract: ${name}`, () => {
    let ran = 0
    const play = (title: string, run: (host: TrustHost, store: TrustStore) => Promise<void>) =>
      test(title, async () => {
        const host = await make()
        try {
          await run(host, await host.next())
          ran++
        } finally {
          await host.close()
        }
      })

    play('what was written is there for the next, in its order', async (host, store) => {
      const rules = [
        { pattern: 'read:b', allow: true },
        { pattern: 'read:a', allow: false },
      ]
      await store.users.update('acme', 'ann', () => ({ rules, tokensRevokedAt: 5 }))
      await store.keys.add(labKey)
      const next = await host.next()
      expect(await next.users.read('acme', 'ann')).toEqual({ rules, tokensRevokedAt: 5 })
      expect(await next.keys.find(labKey.id)).toEqual(labKey)
      expect(await next.keys.list('acme')).toEqual([labKey])
    })

    play('tenants and users are apart', async (_, store) => {
      await store.users.update('acme', 'ann', () => ({ rules: [{ pattern: 'a:b', allow: true }], tokensRevokedAt: 0 }))
      expect(await store.users.read('acme', 'bob')).toBe(noTrust)
      expect(await store.users.read('other', 'ann')).toBe(noTrust)
      await store.keys.add(labKey)
      expect(await store.keys.list('other')).toEqual([])
      expect(await store.keys.remove('other', labKey.id)).toBe(false)
      expect(await store.keys.find(labKey.id)).toEqual(labKey)
    })

    play('a key is in force until it is removed, for everybody', async (host, store) => {
      const other = await host.next()
      await store.keys.add(labKey)
      expect(await other.keys.find(labKey.id)).toEqual(labKey)
      expect(await other.keys.remove('acme', labKey.id)).toBe(true)
      expect(await store.keys.find(labKey.id)).toBeUndefined()
      expect(await store.keys.list('acme')).toEqual([])
      expect(await store.keys.remove('acme', labKey.id)).toBe(false)
    })

    play('keys are listed oldest first, however they came', async (host, store) => {
      const keys = ['c', 'a', 'b'].map((id, index) => ({
        ...labKey,
        id,
        createdAt: id === 'c' ? 2 : 1,
        hash: `${index}`,
      }))
      const other = await host.next()
      await Promise.all(keys.map((key, index) => (index % 2 === 0 ? store : other).keys.add(key)))
      expect((await store.keys.list('acme')).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    })

    play('a change that fails changes nothing', async (_, store) => {
      const before = { rules: [{ pattern: 'a:b', allow: true }], tokensRevokedAt: 0 }
      await store.users.update('acme', 'ann', () => before)
      const fail = () => {
        throw new Error('no')
      }
      await expect(store.users.update('acme', 'ann', fail)).rejects.toThrow('no')
      expect(await store.users.read('acme', 'ann')).toEqual(before)
      await store.users.update('acme', 'ann', () => noTrust)
      expect((await store.users.read('acme', 'ann')).rules).toEqual([])
    })

    play('an update sees what the one before it wrote, whoever made it', async (host, store) => {
      const other = await host.next()
      const add = (_: unknown, index: number) =>
        (index % 2 === 0 ? store : other).users.update('acme', 'ann', (trust) => ({
          ...trust,
          tokensRevokedAt: trust.tokensRevokedAt + 1,
        }))
      const after = await Promise.all(Array.from({ length: 100 }, add))
      expect(after.map((trust) => trust.tokensRevokedAt).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 100 }, (_, index) => index + 1),
      )
      expect((await store.users.read('acme', 'ann')).tokensRevokedAt).toBe(100)
    })
    afterAll(() => console.log(`trust store contract: ${name}: ${ran} cases passed`))
  })
}
