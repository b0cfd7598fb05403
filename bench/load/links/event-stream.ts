/**
 * Event streams (WHATWG HTML 9.2) over HTTP/1.1, chunked or not: a frame is a block of lines without the empty line that ends
 * it. Line breaks are single line feeds, as all contenders send them.
 */
import { type Frames, headOf, type Link } from './link.ts'
import { refusal } from './web-socket.ts'

const blockEnd = Buffer.from('\n\n')

export const eventStreamLink = (): Link => {
  let body: ((bytes: Buffer, from: number, to: Frames) => number) | undefined
  return {
    read(bytes, to) {
      if (body) return body(bytes, 0, to)
      const head = headOf(bytes, 0)
      if (!head) return 0
      if (!head.text.startsWith('HTTP/1.1 200')) throw new Error(`the stream was refused: ${refusal(bytes)}`)
      body = /\ntransfer-encoding: *chunked/i.test(head.text) ? chunkedBody() : readBlocks
      to.opened()
      return body(bytes, head.end, to)
    },
  }
}

/** Every block that ends before `end`; the place where the first that does not begins. */
const readBlocks = (bytes: Buffer, from: number, to: Frames, end = bytes.length): number => {
  let at = from
  for (;;) {
    const found = bytes.indexOf(blockEnd, at)
    if (found < 0 || found + 2 > end) return at
    to.frame(bytes, at, found)
    at = found + 2
  }
}

/** A block mostly is a chunk, or a few are; one that spans chunks is put together before it is read. */
const chunkedBody = () => {
  let begun: Buffer | undefined
  const takeData = (data: Buffer, to: Frames): void => {
    const whole = begun ? Buffer.concat([begun, data]) : data
    const read = readBlocks(whole, 0, to)
    begun = read < whole.length ? Buffer.from(whole.subarray(read)) : undefined
  }
  return (bytes: Buffer, from: number, to: Frames): number => {
    let at = from
    for (;;) {
      const lineEnd = bytes.indexOf('\r\n', at, 'latin1')
      if (lineEnd < 0) return at
      const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
      if (!(size > 0)) throw new Error('the server ended the stream')
      const start = lineEnd + 2
      const end = start + size
      if (end + 2 > bytes.length) return at
      takeData(bytes.subarray(start, end), to)
      at = end + 2
    }
  }
}
