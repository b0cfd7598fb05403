/**
 * The secret that HS256 tokens are signed with: where it comes from, and whether it is one. In production it must be given
 * and strong; in development one is made and kept. Prints nothing, and no message repeats a secret.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type SecretOptions = {
  readonly mode: 'development' | 'production'
  readonly configured: string | undefined
  /** Where a development secret is kept, in the file `secret`. */
  readonly folder: string
}

export type Secret = {
  /** The key: the text's own bytes in UTF-8, as other JWT libraries take it too. */
  readonly bytes: Uint8Array
  readonly from:
    | { readonly kind: 'configured' }
    /** Made just now, or found where an earlier start left it. */
    | { readonly kind: 'made' | 'found'; readonly path: string }
  /** Why a configured secret would not do in production. Never there in production. */
  readonly weakness?: string
}

const advice = 'Make one with: openssl rand -base64 48'

/** @throws Error that says how to make a secret: in production without one, or with a weak one */
export const resolveSecret = async ({ mode, configured, folder }: SecretOptions): Promise<Secret> => {
  if (configured) {
    const weakness = weaknessOf(configured)
    if (mode === 'production' && weakness) throw new Error(`FANFARE_SECRET ${weakness}. ${advice}`)
    return { bytes: bytesOf(configured), from: { kind: 'configured' }, ...(weakness ? { weakness } : {}) }
  }
  if (mode === 'production') throw new Error(`In production FANFARE_SECRET must be set. ${advice}`)
  return developmentSecret(folder)
}

const developmentSecret = async (folder: string): Promise<Secret> => {
  const path = join(folder, 'secret')
  await mkdir(folder, { recursive: true })
  const made = randomBytes(48).toString('base64url')
  try {
    // Of two starts at once, one makes the file and the other finds it.
    await writeFile(path, `${made}\n`, { flag: 'wx', mode: 0o600 })
    return { bytes: bytesOf(made), from: { kind: 'made', path } }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  const kept = (await readFile(path, 'utf8')).trim()
  const weakness = weaknessOf(kept)
  if (weakness) throw new Error(`The secret in ${path} ${weakness}. Delete the file, and a new one is made.`)
  await chmod(path, 0o600)
  return { bytes: bytesOf(kept), from: { kind: 'found', path } }
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
