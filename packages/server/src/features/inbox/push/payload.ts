/** What a push says, as JSON for the application's service worker, within what push services carry. */
import type { Json } from '@fanfare/protocol'
import type { Content } from '../content.ts'

export type PushMessage = {
  /** For `tag` of the notification that is shown: the same one again replaces itself. */
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly message: string
  readonly data?: Json
  /** How many notifications there were, of which this is the newest: more than 1 after quiet hours. */
  readonly summed: number
  /** For the badge of an installed application. */
  readonly unread: number
}

/** Of 4,096 bytes, encryption takes 103. */
const mostBytes = 3_900

const bytesOf = (message: PushMessage): number => Buffer.byteLength(JSON.stringify(message))

/** Data that does not fit is left out, and looked up by `id`; then the message is cut, and then the title. */
export const payloadOf = (about: Omit<PushMessage, keyof Content>, content: Content): string => {
  const whole: PushMessage = { ...about, ...content }
  if (bytesOf(whole) <= mostBytes) return JSON.stringify(whole)
  const { title, message } = content
  const bare: PushMessage = { ...about, title, message }
  return JSON.stringify(cut(cut(bare, 'message'), 'title'))
}

const cut = (whole: PushMessage, member: 'message' | 'title'): PushMessage => {
  if (bytesOf(whole) <= mostBytes) return whole
  const characters = [...whole[member]]
  const cutTo = (length: number): PushMessage => ({ ...whole, [member]: `${characters.slice(0, length).join('')}…` })
  let [fits, tooLong] = [0, characters.length]
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2)
    if (bytesOf(cutTo(middle)) <= mostBytes) fits = middle
    else tooLong = middle
  }
  return cutTo(fits)
}
