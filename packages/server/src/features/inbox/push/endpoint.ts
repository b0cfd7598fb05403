/** A browser's push subscription, as a user names it: an address which this server is then made to call, so it is looked at closely. Asks no network. */
import { createHash, ECDH } from 'node:crypto'
import { isIP } from 'node:net'
import { FanfareError } from '@fanfare/protocol'
import { publicAddresses } from '../../../lib/public-address.ts'
import type { PushSubscription } from '../inbox-api.ts'
import { inboxLimits } from '../settings.ts'

export type Mode = 'development' | 'production'

const refuse = (message: string): FanfareError => new FanfareError('invalid_payload', `subscription: ${message}`)

/** What is kept of it. @throws FanfareError `invalid_payload` */
export const checkSubscription = (given: PushSubscription, mode: Mode): PushSubscription => {
  const { endpoint, keys } = given
  checkEndpoint(endpoint, mode)
  const { p256dh, auth } = keys
  if (bytesOf(auth)?.length !== 16) throw refuse('keys.auth is not 16 bytes in base64url.')
  const point = bytesOf(p256dh)
  if (point?.length !== 65 || !isOnCurve(point))
    throw refuse('keys.p256dh is no public key of the curve P-256 in base64url.')
  return { endpoint, keys: { p256dh, auth } }
}

/** Only what can be told from the text; where it leads is looked at when it is called. */
const checkEndpoint = (endpoint: string, mode: Mode): void => {
  if (typeof endpoint !== 'string' || endpoint.length > inboxLimits.endpoint || !URL.canParse(endpoint)) {
    throw refuse(`endpoint is no address of at most ${inboxLimits.endpoint} characters.`)
  }
  const url = new URL(endpoint)
  if (url.username !== '' || url.password !== '') throw refuse('endpoint has a name or password in it.')
  const addresses = publicAddresses()
  const host = hostOf(url)
  if (mode === 'development' && (host === 'localhost' || addresses.isLoopback(host))) return
  if (url.protocol !== 'https:') throw refuse('endpoint must begin with https.')
  if (isIP(host) !== 0 ? !addresses.isPublic(host) : !/\.[a-z]/i.test(host)) {
    throw refuse('endpoint is no address in the internet.')
  }
}

/** Without the brackets of IPv6. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

const bytesOf = (text: unknown): Buffer | undefined =>
  typeof text === 'string' && /^[A-Za-z0-9_-]{1,128}={0,2}$/.test(text) ? Buffer.from(text, 'base64url') : undefined

const isOnCurve = (point: Buffer): boolean => {
  try {
    return ECDH.convertKey(point, 'prime256v1').length === 65
  } catch {
    // A point off the curve is what is asked about, and all that can be wrong with 65 bytes.
    return false
  }
}

/** The name of a browser: whoever knows it cannot push with it. */
export const pushIdOf = (endpoint: string): string =>
  createHash('sha256').update(endpoint).digest('base64url').slice(0, 32)
