/** What every cache says about keys, whatever it keeps its values in. Pure. */
import { FanfareError } from '@fanfare/protocol'

const keyBytes = 512

/** @throws FanfareError `bad_name` */
export const checkCacheKey = (key: string): string => {
  if (key !== '' && Buffer.byteLength(key) <= keyBytes) return key
  throw new FanfareError('bad_name', `A key of the cache has 1 to ${keyBytes} bytes.`)
}

export const notANumber = (key: string): FanfareError =>
  new FanfareError('invalid_payload', `The key ${key} holds no number that can be counted.`)
