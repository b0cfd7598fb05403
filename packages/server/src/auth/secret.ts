/**
 * The secret that HS256 tokens are signed with: where it comes from, and whether it is one. In production it must be given
 * and strong; in development one is made and kept. Prints nothing, and no message repeats a secret.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RedisTexts } from '../store/redis-texts.ts'

/**
 * Where a development secret is kept. Keeps what was just made, unless one is there already: of any number who start at
 * once, all get the same.
 */
export type SecretKeeper = (made: string) => Promise<KeptSecret>

/** `where` is the end of a sentence. */
export type KeptSecret = { readonly text: string; readonly kind: 'made' | 'found'; readonly where: string }

export type SecretOptions = {
  readonly mode: 'development' | 'production'
  readonly configured: string | undefined
  readonly keep: SecretKeeper
}

export type Secret = {
  /** The key: the text's own bytes in UTF-8, as other JWT libraries take it too. */
  readonly bytes: Uint8Array
  readonly from:
    | { readonly kind: 'configured' }
    /** Made just now, or found where an earlier start or another node left it. */
    | { readonly kind: 'made' | 'found'; readonly where: string }
  /** Why a configured secret would not do in production. Never there in production. */
  readonly weakness?: string
}

const advice = 'Make one with: openssl rand -base64 48'

/** @throws Error that says how to make a secret: in production without one, or with a weak one */
export const resolveSecret = async ({ mode, configured, keep }: SecretOptions): Promise<Secret> => {
  if (configured) {
    const weakness = weaknessOf(configured)
    if (mode === 'production' && weakness) throw new Error(`FANFARE_SECRET ${weakness}. ${advice}`)
    return { bytes: bytesOf(configured), from: { kind: 'configured' }, ...(weakness ? { weakness } : {}) }
  }
  if (mode === 'production') throw new Error(`In production FANFARE_SECRET must be set. ${advice}`)
  const { kind, text, where } = await keep(randomBytes(48).toString('base64url'))
  const weakness = kind === 'found' ? weaknessOf(text) : undefined
  if (weakness) throw new Error(`The secret in ${where} ${weakness}. Delete it, and a new one is made.`)
  return { bytes: bytesOf(text), from: { kind, where } }
}

/** In the file `secret` of the folder, for the node that has it. */
export const secretInFolder =
  (folder: string): SecretKeeper =>
  async (made) => {
    const where = join(folder, 'secret')
    await mkdir(folder, { recursive: true })
    try {
      // Of two starts at once, one makes the file and the other finds it.
      await writeFile(where, `${made}\n`, { flag: 'wx', mode: 0o600 })
      return { text: made, kind: 'made', where }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    await chmod(where, 0o600)
    return { text: (await readFile(where, 'utf8')).trim(), kind: 'found', where }
  }

/** In Redis, for all nodes. */
export const secretInRedis =
  (texts: RedisTexts): SecretKeeper =>
  async (made) => {
    const before = await texts.change('secret', 'development', (kept) => kept || made)
    const where = 'Redis (the key that ends in secret:development)'
    return before === '' ? { text: made, kind: 'made', where } : { text: before, kind: 'found', where }
  }

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const leastBytes = 32
/** Long enough that a random secret does not hold one of them by chance. */
const telltales = [
  'secret',
  'changeme',
  'change-me',
  'change_me',
  'change-in',
  'change-this',
  'password',
  'passphrase',
  'example',
  'default',
  'your-',
  'your_',
  'insecure',
  'placeholder',
  'replace',
  'development',
  'production',
  'qwerty',
  'letmein',
  'deadbeef',
]

/** What is wrong with a secret, as the end of a sentence that begins with its name; undefined when nothing is. */
export const weaknessOf = (secret: string): string | undefined => {
  const lower = secret.toLowerCase()
  if (telltales.some((word) => lower.includes(word))) return 'looks like one from an example, which everybody knows'
  const size = randomBytesIn(secret)
  if (size < leastBytes) return `holds ${size} random bytes at most, of the ${leastBytes} that HS256 needs`
  if (isRepetition(secret)) return 'repeats itself'
  if (isSequence(secret)) return 'is a sequence that is easy to guess'
  const distinct = new Set(secret).size
  if (distinct < (/^[0-9a-f]+$/i.test(secret) ? 10 : 16)) return `has only ${distinct} different characters`
  return undefined
}

/** How many random bytes the text can stand for at most, by how it is written: hexadecimal, base64, or any characters. */
const randomBytesIn = (secret: string): number => {
  if (/^[0-9a-f]+$/i.test(secret)) return Math.floor(secret.length / 2)
  const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/.exec(secret)
  if (base64) return Math.floor((secret.replace(/=+$/, '').length * 3) / 4)
  return bytesOf(secret).length
}

const isRepetition = (secret: string): boolean => {
  // A text that is made of a repeated part is found again in itself, doubled, before its own length.
  const at = (secret + secret).indexOf(secret, 1)
  return at < secret.length
}

const isSequence = (secret: string): boolean => {
  let steps = 0
  for (let index = 1; index < secret.length; index++) {
    if (Math.abs(secret.charCodeAt(index) - secret.charCodeAt(index - 1)) <= 1) steps++
  }
  return steps > secret.length / 2
}
