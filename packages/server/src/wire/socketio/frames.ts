/**
 * One message of Socket.IO as one string, its binary attachments included: so that an outbox, the log and the node bus
 * carry it whole, and it is taken apart only as it goes to the link.
 */
import type { Frame } from '../dialect.ts'

/** Begins a packed message: no text of the protocol begins with it. */
const mark = '\u0000'

/** Text alone stays as it is. JSON has no raw line break, and base64 none at all. */
export const packFrame = (text: string, attachments: readonly Uint8Array[]): string => {
  if (attachments.length === 0) return text
  const encoded = attachments.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  return `${mark}${[text, ...encoded.map((bytes) => bytes.toString('base64'))].join('\n')}`
}

const isPacked = (frame: Frame): boolean => typeof frame === 'string' && frame.charCodeAt(0) === mark.charCodeAt(0)

/** What goes to the link, in order: text, and after it its attachments. */
export const unpackFrames = (frames: readonly Frame[]): readonly Frame[] => {
  // Hardly ever there is one, and this is asked for every session of a crowd.
  for (const frame of frames) if (isPacked(frame)) return frames.flatMap(unpacked)
  return frames
}

const unpacked = (frame: Frame): readonly Frame[] => (isPacked(frame) ? unpack(String(frame)) : [frame])

const unpack = (frame: string): readonly Frame[] => {
  const [text = '', ...encoded] = frame.slice(mark.length).split('\n')
  return [text, ...encoded.map((part) => new Uint8Array(Buffer.from(part, 'base64')))]
}

/** The frame with one more argument at the end of its event. @param argument JSON */
export const appendArgument = (frame: string, argument: string): string => {
  const end = isPacked(frame) ? frame.indexOf('\n') : frame.length
  return `${frame.slice(0, end - 1)},${argument}]${frame.slice(end)}`
}
