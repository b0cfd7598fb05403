/** Answers to requests on one connection that stays open; a frame is the body of one. Bodies without a length are refused. */
import { headOf, type Link } from './link.ts'

export const httpLink = (): Link => ({
  read(bytes, to) {
    let at = 0
    while (at < bytes.length) {
      const head = headOf(bytes, at)
      if (!head) break
      if (!head.text.startsWith('HTTP/1.1 2')) throw new Error(`a request was refused: ${head.text.slice(0, 400)}`)
      const length = /\ncontent-length: *(\d+)/i.exec(head.text)?.[1]
      if (length === undefined && !head.text.startsWith('HTTP/1.1 204')) throw new Error('an answer without a length')
      const end = head.end + Number(length ?? 0)
      if (end > bytes.length) break
      to.frame(bytes, head.end, end)
      at = end
    }
    return at
  },
})
