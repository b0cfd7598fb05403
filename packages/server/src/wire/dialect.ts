/** The port of a dialect: what bytes mean. Pure: no I/O, no clock. */
import type { ClientFrame, RoomEvent, ServerFrame } from '@fanfare/protocol'
import type { Place } from './cursor.ts'

/**
 * Encoded, ready for a link. Text is a string, because every runtime writes those to a text message without a copy of ours;
 * bytes are a binary message, where the dialect has them.
 */
export type Frame = string | Uint8Array

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
