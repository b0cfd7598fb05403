/** Reads an event stream (WHATWG HTML 9.2) from text in pieces of any size. Pure but for the unfinished rest it keeps. */

/** One dispatched block. `id` is the last id seen so far, in this block or before it. */
export type StreamBlock = { readonly event: string; readonly data: string; readonly id: string }

export class EventStreamParser {
  #rest = ''
  #event = ''
  #data: string[] = []
  #id = ''
  /** The last piece ended in CR: an LF that comes next belongs to it. */
  #afterReturn = false
  #first = true

  /** The blocks that this piece completes. */
  push(piece: string): StreamBlock[] {
    let text = this.#rest + piece
    if (this.#first && text) {
      this.#first = false
      if (text.startsWith('\uFEFF')) text = text.slice(1)
    }
    if (this.#afterReturn && text.startsWith('\n')) text = text.slice(1)
    if (text) this.#afterReturn = text.endsWith('\r')
    const lines = text.split(/\r\n|\n|\r/)
    this.#rest = lines.pop() ?? ''
    const blocks: StreamBlock[] = []
    for (const line of lines) {
      const block = this.#line(line)
      if (block) blocks.push(block)
    }
    return blocks
  }

  /** The cursor to resume from: what `Last-Event-ID` would say. */
  get lastId(): string {
    return this.#id
  }

  #line(line: string): StreamBlock | undefined {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return undefined
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))
    if (field === 'event') this.#event = value
    else if (field === 'data') this.#data.push(value)
    else if (field === 'id' && !value.includes('\0')) this.#id = value
    return undefined
  }

  #dispatch(): StreamBlock | undefined {
    const block = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id }
    const isEmpty = this.#data.length === 0
    this.#event = ''
    this.#data = []
    return isEmpty ? undefined : block
  }
}
