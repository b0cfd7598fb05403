/** The only place where a tenant and a room name meet, and the only judge of both. */
import { defaultLimits, FanfareError } from '@fanfare/protocol'

declare const brand: unique symbol

/** Names one room of one tenant for the whole cluster. No two pairs of tenant and name share a key. */
export type RoomKey = string & { readonly [brand]: 'RoomKey' }

const tenantPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
/** Letters and digits of any script, and the marks that no engine, log line or event stream gives a meaning to. */
const namePattern = /^[\p{L}\p{N}\p{M}:._\-@/+=,~!#%&]+$/u

/** @throws FanfareError `bad_name` */
export const checkTenant = (tenantId: string): string => {
  if (tenantPattern.test(tenantId)) return tenantId
  throw new FanfareError('bad_name', 'A tenant id is 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit.')
}

/** @throws FanfareError `bad_name` */
export const checkRoomName = (name: string, maxBytes: number = defaultLimits.roomNameBytes): string => {
  if (name.length > maxBytes || Buffer.byteLength(name) > maxBytes) {
    throw new FanfareError('bad_name', `A room name has at most ${maxBytes} bytes.`)
  }
  if (!namePattern.test(name)) {
    throw new FanfareError('bad_name', 'A room name has letters, digits and : . _ - @ / + = , ~ ! # % & only.')
  }
  if (name.normalize('NFC') !== name) throw new FanfareError('bad_name', 'A room name must be in Unicode form NFC.')
  for (const segment of name.split(':')) {
    if (segment === '' || segment === '.' || segment === '..' || segment.startsWith('__')) {
      throw new FanfareError(
        'bad_name',
        'A part of a room name, between colons, is not empty, . or .. and does not begin with __.',
      )
    }
  }
  return name
}

/** Joins a checked tenant and a checked name. The length in front keeps `a:b`+`c` apart from `a`+`b:c`. */
export const roomKey = (tenantId: string, name: string): RoomKey => `${tenantId.length}:${tenantId}|${name}` as RoomKey

export const roomOfKey = (key: RoomKey): { readonly tenantId: string; readonly name: string } => {
  const colon = key.indexOf(':')
  const end = colon + 1 + Number(key.slice(0, colon))
  return { tenantId: key.slice(colon + 1, end), name: key.slice(end + 1) }
}
