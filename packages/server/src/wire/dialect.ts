/** The port of a dialect: what bytes mean. Pure: no I/O, no clock. */
import type { ClientFrame, RoomEvent, ServerFrame } from '@fanfare/protocol'
import type { Place } from './cursor.ts'

/** Encoded text, ready for a link. Strings, because every runtime writes them to a text message without a copy of ours. */
export type Frame = string

export type SpokenFrame = Exclude<ServerFrame, { type: 'event' }>

export type Dialect = {
  readonly name: string
  /** @throws FanfareError `bad_frame`, `unsafe_json` or `unknown_type` */
  decode(text: string): ClientFrame
  /** Called once for each event and dialect, however many sessions read it. */
  encodeEvent(event: RoomEvent): Frame
  /** Undefined where the dialect has no word for it. */
  encode(frame: SpokenFrame): Frame | undefined
  /** Adds to an encoded frame what is one session's own: where it is, after this frame, in each of its rooms. */
  readonly stamp?: (frame: Frame, places: Iterable<Place>) => Frame
}
