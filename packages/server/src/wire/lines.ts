/**
 * Several frames as one message, one a line, for links whose clients read such. A property of the link and not of the
 * encoding: an event is encoded once for those who read lines and those who do not. Pure.
 */
import { frameSeparator } from '@fanfare/protocol'
import type { Frame } from './dialect.ts'

/** A message of several frames has at most so many characters (UTF-16 units). A frame that is longer goes alone. */
export const longestJoined = 64 * 1024

/** One for a listener. Outboxes with the same frames in them share one array of them, so a crowd's frames are joined once. */
export class Lines {
  /** The last that was joined. At most what one outbox holds. */
  #frames: readonly Frame[] | undefined
  #messages: readonly Frame[] = []

  /** The messages to send. Bytes are no lines, and go by themselves. @param frames never changed afterwards */
  join(frames: readonly Frame[]): readonly Frame[] {
    if (frames.length < 2) return frames
    if (frames !== this.#frames) {
      this.#messages = joined(frames)
      this.#frames = frames
    }
    return this.#messages
  }
}

const joined = (frames: readonly Frame[]): readonly Frame[] => {
  const messages: Frame[] = []
  let lines: string[] = []
  let length = 0
  const end = () => {
    if (lines.length > 0) messages.push(lines.length === 1 ? lines[0]! : lines.join(frameSeparator))
    lines = []
    length = 0
  }
  for (const frame of frames) {
    const more = frame.length + frameSeparator.length
    if (typeof frame !== 'string' || length + more > longestJoined + frameSeparator.length) end()
    if (typeof frame === 'string') {
      lines.push(frame)
      length += more
    } else messages.push(frame)
  }
  end()
  return messages
}
