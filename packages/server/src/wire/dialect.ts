/** The port of a dialect: what bytes mean. Pure: no I/O, no clock. */
import type { ClientFrame, Position, RoomEvent, ServerFrame } from '@fanfare/protocol'

/** Encoded text, ready for a link. Strings, because every runtime writes them to a text message without a copy of ours. */
export type Frame = string

/** The positions of every room of one session: what an event stream's cursor says. */
export type Cursor = ReadonlyMap<string, Position>

export type Dialect = {
  readonly name: string
  /** @throws FanfareError `bad_frame`, `unsafe_json` or `unknown_type` */
  decode(text: string): ClientFrame
  /** Called once for each event and dialect, however many sessions read it. */
  encodeEvent(event: RoomEvent): Frame
  /** Undefined where the dialect has no word for it. */
  encode(frame: Exclude<ServerFrame, { type: 'event' }>): Frame | undefined
  /** Adds to a shared event frame what is one session's own; `cursor` is its position after this event. */
  readonly stamp?: (frame: Frame, cursor: Cursor) => Frame
}
