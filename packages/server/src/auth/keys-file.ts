/** The file with a JSON Web Key Set that an operator gives: read once, at the start. */
import { readFile } from 'node:fs/promises'
import { type Algorithm, keysOfSet, type TypedKey } from './keys.ts'

/** @throws Error for the operator, with the file, what is wrong with it and what to do */
export const keysOfFile = async (path: string, allowed: readonly Algorithm[]): Promise<readonly TypedKey[]> => {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT' ? 'there is none' : `it cannot be read (${cause.message})`
    throw new Error(`No keys from the file ${path}: ${missing}. ${advice}`, { cause })
  })
  const keys = await readKeys(text, allowed).catch((cause: Error) => {
    throw new Error(`No keys from the file ${path}: ${cause.message.replace(/\.$/, '')}. ${advice}`, { cause })
  })
  if (keys.length > 0) return keys
  throw new Error(`No keys from the file ${path}: none in it verifies signatures by ${allowed.join(', ')}. ${advice}`)
}

const readKeys = async (text: string, allowed: readonly Algorithm[]) => keysOfSet(JSON.parse(text) as unknown, allowed)

const advice = 'FANFARE_KEYS_FILE must name a JSON Web Key Set, such as {"keys": [{"kty": "RSA", …}]}.'
