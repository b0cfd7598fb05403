/** A position as it stands in an address: `epoch.offset`. An epoch never holds a dot. */
import { FanfareError, type Position } from '@fanfare/protocol'

export const formatPosition = ({ epoch, offset }: Position): string => `${epoch}.${offset}`

const shape = /^([A-Za-z0-9_-]{1,64})\.(\d{1,16})$/

/** @throws FanfareError `bad_frame` */
export const parsePosition = (text: string): Position => {
  const match = shape.exec(text)
  const offset = Number(match?.[2])
  if (match && Number.isSafeInteger(offset)) return { epoch: match[1]!, offset }
  throw new FanfareError('bad_frame', 'A cursor is epoch.offset, as an earlier answer gave it.')
}

/** @throws FanfareError `bad_frame` */
export const parseSince = (text: string): Position | 'earliest' => (text === 'earliest' ? text : parsePosition(text))
