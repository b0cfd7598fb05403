/** Passwords, stored as scrypt hashes with a salt each. Comparing takes as long for a wrong password as for a right one. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

const keyBytes = 32
/** OWASP's minimum for scrypt: 16 MB and some tens of milliseconds for each guess. */
const cost = { N: 2 ** 14, r: 8, p: 5 } as const

const derive = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, keyBytes, cost, (error, key) => (error ? reject(error) : resolve(key)))
  })

/** `salt.hash`, both base64url. */
export const hashPassword = async (password: string): Promise<string> => {
  const salt = randomBytes(16)
  return `${salt.toString('base64url')}.${(await derive(password, salt)).toString('base64url')}`
}

export const verifyPassword = async (password: string, stored: string): Promise<boolean> => {
  const [salt = '', hash = ''] = stored.split('.')
  const expected = Buffer.from(hash, 'base64url')
  const actual = await derive(password, Buffer.from(salt, 'base64url'))
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}
