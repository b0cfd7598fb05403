/** Reads an event stream block by block, as slowly as a test asks. For tests only. */

export type Block = { readonly event: string; readonly data: Record<string, unknown>; readonly id: string }

export class BlockReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()
  #text = ''
  lastId = ''

  constructor(answer: Response) {
    this.#reader = (answer.body ?? new ReadableStream()).getReader()
  }

  /** Undefined at the end of the stream. Comments are passed over. */
  async next(): Promise<Block | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const block = read(this.#text.slice(0, end))
        this.#text = this.#text.slice(end + 2)
        if (block === undefined) continue
        this.lastId = block.id
        return block
      }
      const { done, value } = await this.#reader.read()
      if (done) return undefined
      this.#text += this.#decoder.decode(value, { stream: true })
    }
  }

  /** The next `count` blocks of this event. */
  async take(event: string, count = 1): Promise<readonly Block[]> {
    const found: Block[] = []
    while (found.length < count) {
      const block = await this.next()
      if (!block) throw new Error(`the stream ended after ${found.length} of ${count} ${event}`)
      if (block.event === event) found.push(block)
    }
    return found
  }

  leave(): Promise<void> {
    return this.#reader.cancel()
  }
}

const read = (text: string): Block | undefined => {
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  const data = fields.get('data')
  if (data === undefined) return undefined
  return { event: fields.get('event') ?? 'message', data: JSON.parse(data), id: fields.get('id') ?? '' }
}
