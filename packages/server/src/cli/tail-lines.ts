/** How `fanfare tail` shows what happens in rooms. Pure. */
import type { RoomEvent } from '@fanfare/protocol'
import type { EventBlock } from './event-blocks.ts'
import { harmless, type Paint } from './terminal.ts'

/** An event for the result; a note for whoever watches; nothing. `stop` ends the command with this message. */
export type TailLine =
  | { readonly kind: 'event'; readonly event: RoomEvent }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'nothing' }

type Fields = { readonly [name: string]: unknown }

/** @param data the parsed JSON of the block */
export const lineOf = (block: EventBlock, data: unknown): TailLine => {
  const fields: Fields = typeof data === 'object' && data !== null ? { ...data } : {}
  const room = String(fields.room ?? '')
  switch (block.event) {
    case 'connected':
      return { kind: 'note', text: `connected as ${fields.userId} of ${fields.tenantId}` }
    case 'subscription':
      return subscriptionLine(fields, room)
    case 'gap':
      return { kind: 'note', text: `${room}: events are lost for good (${fields.reason})` }
    case 'problem':
      return { kind: 'note', text: `${room === '' ? '' : `${room}: `}${fields.message} (${fields.code})` }
    case 'reconnect':
      return { kind: 'note', text: 'the server is about to stop; coming back when it says' }
    case 'presence':
      return { kind: 'nothing' }
    default:
      return isEvent(fields) ? { kind: 'event', event: fields } : { kind: 'nothing' }
  }
}

const subscriptionLine = (fields: Fields, room: string): TailLine => {
  if (fields.status !== 'subscribed') return { kind: 'note', text: `${room}: no longer subscribed (${fields.reason})` }
  if (fields.recovered === false) {
    return { kind: 'note', text: `${room}: some of what was missed is gone (${fields.reason})` }
  }
  return { kind: 'note', text: `watching ${room} from #${fields.offset}` }
}

const isEvent = (fields: Fields): fields is RoomEvent =>
  typeof fields.id === 'string' && typeof fields.room === 'string' && typeof fields.offset === 'number'

/** `12:01:02.123 lobby #12 message.created {"text":"hi"}` */
export const eventLine = (event: RoomEvent, paint: Paint): string => {
  const time = event.timestamp.slice(11, 23)
  const who = event.userId === undefined ? '' : ` ${paint.yellow(harmless(event.userId))}`
  const data = harmless(JSON.stringify(event.data))
  return `${paint.dim(time)} ${paint.cyan(event.room)} ${paint.dim(`#${event.offset}`)} ${paint.green(event.type)}${who} ${data}`
}
