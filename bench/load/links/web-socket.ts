/** WebSocket frames of a server: headers are read, what is in them is not. Frames that are fragmented are refused. */
import { pongOf } from '../frame.ts'
import { type Frames, headOf, type Link } from './link.ts'

const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const

export const webSocketLink = (): Link => {
  let upgraded = false
  return {
    read(bytes, to) {
      if (upgraded) return readFrames(bytes, 0, to)
      const head = headOf(bytes, 0)
      if (!head) return 0
      if (!head.text.startsWith('HTTP/1.1 101')) throw new Error(`the upgrade was refused: ${refusal(bytes)}`)
      upgraded = true
      to.opened()
      return readFrames(bytes, head.end, to)
    },
  }
}

export const refusal = (bytes: Buffer): string => bytes.toString('latin1', 0, 400)

const readFrames = (bytes: Buffer, from: number, to: Frames): number => {
  let at = from
  while (bytes.length - at >= 2) {
    const short = bytes[at + 1]! & 127
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10)
    if (start > bytes.length) break
    const end = start + (short < 126 ? short : lengthAt(bytes, at + 2, start))
    if (end > bytes.length) break
    if (bytes[at] === (128 | opcodes.text)) to.frame(bytes, start, end)
    else control(bytes[at]!, bytes.subarray(start, end), to)
    at = end
  }
  return at
}

const control = (first: number, payload: Buffer, to: Frames): void => {
  const opcode = first & 15
  if (opcode === opcodes.ping) to.send(pongOf(payload))
  else if (opcode === opcodes.close) throw new Error(`the server closed: ${payload.subarray(2)}`)
  else if (opcode !== opcodes.pong) throw new Error(`a frame that no contender should send: opcode ${opcode}`)
}

const lengthAt = (bytes: Buffer, from: number, to: number): number => {
  let length = 0
  for (let index = from; index < to; index++) length = length * 256 + bytes[index]!
  return length
}
