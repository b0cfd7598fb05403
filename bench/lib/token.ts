/** Tokens for the sessions of a benchmark, signed as an application's sign-in would: HS256, a user each, an hour. */
import { createHmac } from 'node:crypto'

export const secret = 'Vb3Jw8pQx1Zr6Tn0Ks5Ly2Hd7Gf4Mc9EaUoIiNqW'

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = encode({ alg: 'HS256', typ: 'JWT' })

export const tokenFor = (tenantId: string, userId: string): string => {
  const now = Math.floor(Date.now() / 1000)
  const signed = `${header}.${encode({ tenant: tenantId, sub: userId, iat: now, exp: now + 3_600 })}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
