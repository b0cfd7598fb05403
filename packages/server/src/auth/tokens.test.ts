import { describe, expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { fakeClock } from '../lib/fake-clock.ts'
import { fixedKeys, keysOfSet, pemKey, secretKey, type TypedKey } from './keys.ts'
import { knownBearer } from './known-bearer.ts'
import { mintToken } from './mint.ts'
import { createTokens, type TokenRules } from './tokens.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const secret = bytes('kT7mXw2pQz9rLs4vBn6hJd8fGc3yAe5u')
const start = Date.UTC(2026, 0, 1)
const seconds = start / 1000
const ann: JWTPayload = { sub: 'ann', tenant: 'acme', iat: seconds, exp: seconds + 60 }

const rsa = await generateKeyPair('RS256', { extractable: true })
const ec = await generateKeyPair('ES256', { extractable: true })
const ed = await generateKeyPair('EdDSA', { extractable: true })
const hmac = await secretKey(secret)
const rsaKey: TypedKey = { algorithm: 'RS256', kid: 'rsa-1', key: rsa.publicKey }

const world = (given: { keys?: readonly TypedKey[]; rules?: TokenRules } = {}) => {
  const clock = fakeClock(start)
  const tokens = createTokens({ keys: [fixedKeys(given.keys ?? [hmac, rsaKey])], clock, ...given.rules })
  const refusal = async (token: string): Promise<FanfareError> => {
    try {
      await tokens.verify(token)
    } catch (error) {
      if (error instanceof FanfareError) {
        if (token.length > 20) expect(error.message).not.toContain(token)
        if (knownBearer(error) === undefined) expect(error.cause).toBeUndefined()
        return error
      }
      throw error
    }
    throw new Error('the token was taken')
  }
  return { clock, tokens, refusal }
}

type Signing = { readonly key?: CryptoKey | Uint8Array; readonly header?: { alg?: string; [name: string]: unknown } }
const sign = (payload: JWTPayload, { key = secret, header = {} }: Signing = {}): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: 'HS256', ...header }).sign(key)

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('takes', () => {
  test('a token by a secret, and reads who it is for', async () => {
    const token = await sign({ ...ann, roles: ['nurse'], grants: ['read:patient:42'], name: 'Ann', iss: 'x', jti: 'y' })
    const { identity, issuedAt } = await world().tokens.verify(token)
    expect(identity).toEqual({
      tenantId: 'acme',
      userId: 'ann',
      roles: ['nurse'],
      grants: ['read:patient:42'],
      claims: { name: 'Ann' },
      expiresAt: start + 60_000,
    })
    expect(issuedAt).toBe(start)
  })

  test('RS256, ES256 and EdDSA, from PEM and from a key set', async () => {
    const pem = await pemKey({ algorithm: 'RS256', kid: 'pem', pem: await exportSPKI(rsa.publicKey) })
    const set = await keysOfSet(
      {
        keys: [
          { ...(await exportJWK(ec.publicKey)), kid: 'ec' },
          { ...(await exportJWK(ed.publicKey)), kid: 'ed' },
        ],
      },
      ['RS256', 'ES256', 'EdDSA'],
    )
    const { tokens } = world({ keys: [pem, ...set] })
    const ways = [
      { key: rsa.privateKey, header: { alg: 'RS256', kid: 'pem' } },
      { key: ec.privateKey, header: { alg: 'ES256', kid: 'ec' } },
      { key: ed.privateKey, header: { alg: 'EdDSA', kid: 'ed' } },
    ]
    for (const way of ways) expect((await tokens.verify(await sign(ann, way))).identity.userId).toBe('ann')
  })

  test('a numbered user, and the tenant under any configured name', async () => {
    const { tokens } = world({ rules: { tenantClaims: ['org', 'tenantId'] } })
    const { identity } = await tokens.verify(
      await sign({ ...ann, sub: 17 as never, tenantId: 'acme', tenant: 'other' }),
    )
    expect(identity).toMatchObject({ userId: '17', tenantId: 'acme', claims: { tenant: 'other' } })
  })

  test('the old and the new secret side by side, by their names', async () => {
    const next = bytes('Zp4nRv8kXc2mWq6tYb9sHd3gJf7aLe5u')
    const { tokens } = world({ keys: [await secretKey(next), hmac] })
    for (const key of [secret, next]) {
      const kid = (await secretKey(key)).kid
      expect((await tokens.verify(await sign(ann, { key, header: { kid } }))).identity.userId).toBe('ann')
      expect((await tokens.verify(await sign(ann, { key }))).identity.userId).toBe('ann')
    }
  })

  test('what it minted itself, under the rules that it verifies by', async () => {
    const rules = { issuer: 'fanfare', audience: 'ward', tenantClaims: ['hospital'] }
    const { tokens } = world({ rules })
    const claims = { tenantId: 'acme', userId: 'ann', roles: ['nurse'], grants: ['read:bed'], claims: { name: 'Ann' } }
    const token = await mintToken({ ...claims, ttlSeconds: 90 }, { key: hmac, now: start, rules })
    expect((await tokens.verify(token)).identity).toEqual({ ...claims, expiresAt: start + 90_000 })
  })
})

describe('refuses', () => {
  test('a token that is not signed', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      const token = `${encode({ alg })}.${encode(ann)}.`
      expect(await world().refusal(token)).toMatchObject({
        code: 'unauthenticated',
        message: expect.stringContaining('not signed'),
      })
    }
  })

  test('a public key used as a secret', async () => {
    const pem = await exportSPKI(rsa.publicKey)
    for (const kid of ['rsa-1', undefined]) {
      const forged = await sign(ann, { key: bytes(pem), header: { alg: 'HS256', ...(kid ? { kid } : {}) } })
      expect((await world({ keys: [rsaKey] }).refusal(forged)).code).toBe('unauthenticated')
    }
    await expect(secretKey(bytes(pem))).rejects.toThrow('PEM')
  })

  test('an algorithm that is not the one of the named key', async () => {
    const { refusal } = world({ keys: [rsaKey, { algorithm: 'ES256', kid: 'ec', key: ec.publicKey }] })
    const crossed = await sign(ann, { key: ec.privateKey, header: { alg: 'ES256', kid: 'rsa-1' } })
    expect((await refusal(crossed)).message).toContain('algorithm that its key is not for')
    const stronger = await sign(ann, { key: rsa.privateKey, header: { alg: 'RS256', kid: 'ec' } })
    expect((await refusal(stronger)).code).toBe('unauthenticated')
  })

  test('key names that would mean something to a file system or a database', async () => {
    const names = [
      '../../../dev/null',
      "x' OR '1'='1",
      '/etc/passwd',
      '__proto__',
      'constructor',
      '',
      'HS-',
      `${hmac.kid}\0`,
    ]
    for (const kid of names)
      expect((await world().refusal(await sign(ann, { header: { kid } }))).message).toContain('kid')
    const listed = `${encode({ alg: 'HS256', kid: [hmac.kid] })}.${encode(ann)}.AAAA`
    expect((await world().refusal(listed)).code).toBe('unauthenticated')
  })

  test('headers that bring or point to a key, or ask for rules of their own', async () => {
    const jwk = await exportJWK(rsa.publicKey)
    const headers = { jku: 'https://evil.example/keys', x5u: 'https://evil.example/cert', jwk, x5c: ['AAAA'] }
    for (const [name, value] of Object.entries(headers)) {
      const token = await sign(ann, { key: rsa.privateKey, header: { alg: 'RS256', kid: 'rsa-1', [name]: value } })
      expect((await world().refusal(token)).message).toContain(`header ${name} `)
    }
    const critical = `${encode({ alg: 'HS256', crit: ['exp'], exp: 1 })}.${encode(ann)}.AAAA`
    expect((await world().refusal(critical)).message).toContain('crit')
  })

  test('a signature by another secret, and a payload that was changed', async () => {
    const { refusal } = world()
    expect((await refusal(await sign(ann, { key: bytes('x'.repeat(32)) }))).message).toContain('signature')
    const [head, , signature] = (await sign(ann)).split('.')
    expect((await refusal(`${head}.${encode({ ...ann, tenant: 'other' })}.${signature}`)).message).toContain(
      'signature',
    )
  })

  test('a token past its end, with its own code, but not within the leeway', async () => {
    const { clock, refusal, tokens } = world()
    const token = await sign(ann)
    await clock.advance(64_000)
    expect((await tokens.verify(token)).identity.expiresAt).toBe(start + 65_000)
    await clock.advance(2_000)
    const error = await refusal(token)
    expect(error.code).toBe('token_expired')
    expect(knownBearer(error)).toEqual({ tenantId: String(ann.tenant), userId: String(ann.sub) })
  })

  test('a forged token past its end as forged, since its end is not to be believed', async () => {
    const forged = await sign({ ...ann, exp: seconds - 100 }, { key: bytes('x'.repeat(32)) })
    const error = await world().refusal(forged)
    expect(error.code).toBe('unauthenticated')
    expect(knownBearer(error)).toBeUndefined()
  })

  test('a token that is not valid yet, but for the leeway', async () => {
    const { refusal, tokens } = world()
    expect((await tokens.verify(await sign({ ...ann, nbf: seconds + 4 }))).identity.userId).toBe('ann')
    expect((await refusal(await sign({ ...ann, nbf: seconds + 6 }))).message).toContain('not valid yet')
  })

  test('a token without an end, with an end that is no number, or with one too far away', async () => {
    const { refusal } = world()
    const { exp: _, ...endless } = ann
    expect((await refusal(await sign(endless))).message).toContain('no end')
    expect((await refusal(await sign({ ...ann, exp: 'never' as never }))).code).toBe('unauthenticated')
    const day = 86_400
    expect((await refusal(await sign({ ...ann, exp: seconds + day + 6 }))).message).toContain('lives longer')
    const old = { ...ann, iat: seconds - day, exp: seconds + 60 }
    expect((await refusal(await sign(old))).message).toContain('lives longer')
    const { iat: __, ...undated } = ann
    expect((await refusal(await sign({ ...undated, exp: seconds + 2 * day }))).message).toContain('lives longer')
  })

  test('another issuer, another audience, or none where one is asked for', async () => {
    const { refusal, tokens } = world({ rules: { issuer: 'https://id.example', audience: 'ward' } })
    const good = { ...ann, iss: 'https://id.example', aud: ['ward', 'lab'] }
    expect((await tokens.verify(await sign(good))).identity.userId).toBe('ann')
    expect((await refusal(await sign({ ...good, iss: 'https://id.example.evil' }))).message).toContain('(iss)')
    expect((await refusal(await sign({ ...good, aud: 'wards' }))).message).toContain('(aud)')
    expect((await refusal(await sign(ann))).code).toBe('unauthenticated')
  })

  test('a giant token before it looks at anything', async () => {
    const { refusal } = world()
    const giant = await sign({ ...ann, filler: 'x'.repeat(9_000) })
    expect((await refusal(giant)).message).toContain('longer than 8192 bytes')
    expect((await refusal('.'.repeat(5_000_000))).message).toContain('longer than')
  })

  test('what is no token at all', async () => {
    for (const text of [
      '',
      'a',
      '..',
      'a.b.c',
      `${encode({ alg: 'HS256' })}.${encode(ann)}`,
      '\0',
      'Bearer x',
      '💥.💥.💥',
    ]) {
      expect((await world().refusal(text)).code).toBe('unauthenticated')
    }
  })

  test('claims that name no proper user or tenant', async () => {
    const bad: { readonly [claim: string]: unknown }[] = [
      { sub: '' },
      { sub: 'a\nb' },
      { sub: 'x'.repeat(129) },
      { sub: 1.5 },
      { sub: { id: 1 } },
      { sub: ['ann'] },
      { sub: '\ud800' },
      { sub: undefined },
      { tenant: undefined },
      { tenant: '' },
      { tenant: 'a|b' },
      { tenant: '../x' },
      { tenant: ['acme'] },
      { tenantId: 'other' },
      { roles: 'nurse' },
      { roles: [1] },
      { roles: Array(65).fill('r') },
      { grants: ['read'] },
      { grants: ['read:pat*'] },
      { grants: ['x'.repeat(300)] },
      { deep: JSON.parse('['.repeat(20) + ']'.repeat(20)) },
    ]
    for (const claims of bad) {
      expect((await world().refusal(await sign({ ...ann, ...claims } as JWTPayload))).code).toBe('unauthenticated')
    }
  })

  test('claims that could change a prototype go no further', async () => {
    const token = await sign(
      JSON.parse(JSON.stringify(ann).replace('{', '{"__proto__":{"admin":true},"constructor":1,')),
    )
    const { identity } = await world().tokens.verify(token)
    expect(Object.keys(identity.claims)).toEqual([])
    expect((identity.claims as { admin?: boolean }).admin).toBeUndefined()
  })
})
