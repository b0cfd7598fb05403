/** AES-256-GCM over texts and keys: what is sealed about one thing opens about no other. Pure but for random bytes. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16
export const keyBytes = 32

/** A random nonce for each: by one key not more than 2^32 of them, which a rotation well before then takes care of. */
export const encrypt = (key: Uint8Array, bytes: Uint8Array, about: string): string => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(about))
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')
}

/** @throws Error when it was changed, or sealed by another key or about something else */
export const decrypt = (key: Uint8Array, text: string, about: string): Buffer => {
  const bytes = Buffer.from(text, 'base64')
  const tag = bytes.subarray(nonceBytes, nonceBytes + tagBytes)
  if (tag.length < tagBytes) throw new Error('It is too short to be sealed.')
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(about)).setAuthTag(tag)
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()])
}
