/** An event stream as a stock EventSource reads it: whole blocks only, the id of the last one is where it goes on. */

export type Block = { readonly event: string; readonly data: unknown; readonly id: string | undefined }

/** What an EventSource makes of the text that came before the link broke; what is not whole is dropped. */
export const blocksOf = (text: string): Block[] =>
  text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((block) => {
      const fields = new Map(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(': ') + 2)]),
      )
      const data = fields.get('data')
      if (data === undefined) return []
      return [{ event: fields.get('event') ?? 'message', data: JSON.parse(data) as unknown, id: fields.get('id') }]
    })

/** The ids of whole blocks, also of those that dispatch nothing. */
export const idsOf = (text: string): string[] =>
  text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((block) => /^id: (.*)$/m.exec(block)?.[1] ?? [])

export class TextStream implements AsyncDisposable {
  readonly response: Response
  text = ''
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #gone: AbortController
  readonly #decoder = new TextDecoder()

  private constructor(response: Response, gone: AbortController) {
    this.response = response
    this.#gone = gone
    this.#reader = response.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>
  }

  /** @throws Error when the answer is no stream */
  static async open(url: URL, headers: { readonly [name: string]: string }): Promise<TextStream> {
    const gone = new AbortController()
    const response = await fetch(url, { headers, signal: gone.signal })
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    return new TextStream(response, gone)
  }

  get blocks(): Block[] {
    return blocksOf(this.text)
  }

  /** Blocks that carry an event of a room. */
  get events(): readonly (Block & { readonly data: { readonly room: string; readonly offset: number } })[] {
    return this.blocks.filter((block) => block.event === 'counted' || block.event === 'message.created') as never
  }

  /** Reads until the condition holds. @throws Error when the stream ends first */
  async until(ready: (stream: TextStream) => boolean): Promise<void> {
    while (!ready(this)) {
      const { done, value } = await this.#reader.read()
      if (done) throw new Error(`The stream ended after:\n${this.text.slice(-500)}`)
      this.text += this.#decoder.decode(value, { stream: true })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gone.abort()
    await this.#reader.cancel().catch(() => {})
  }
}
