/** WebSocket frames that may hold several messages, one a line. */
import type { Link } from './link.ts'
import { webSocketLink } from './web-socket.ts'

const lineBreak = 10

export const linesLink = (): Link => {
  const frames = webSocketLink()
  return {
    read: (bytes, to) =>
      frames.read(bytes, {
        opened: () => to.opened(),
        send: (answer) => to.send(answer),
        frame(chunk, start, end) {
          let from = start
          while (from < end) {
            const found = chunk.indexOf(lineBreak, from)
            const lineEnd = found < 0 || found > end ? end : found
            if (lineEnd > from) to.frame(chunk, from, lineEnd)
            from = lineEnd + 1
          }
        },
      }),
  }
}
