/** Reads an event stream (WHATWG HTML 9.2.6) block by block from text that comes in pieces. Owns no connection. */

export type EventBlock = {
  /** `message` where the block does not say. */
  readonly event: string
  readonly data: string
  /** The cursor after this block, where it has one. */
  readonly id: string | undefined
  /** How long to wait before coming back, in ms, where it says so. */
  readonly retryMs: number | undefined
}

/** The blocks that are complete, and the text that is not yet. */
export const takeBlocks = (text: string): { readonly blocks: readonly EventBlock[]; readonly rest: string } => {
  const parts = text.replace(/\r\n?/g, '\n').split('\n\n')
  const rest = parts.pop() ?? ''
  return { blocks: parts.map(blockOf).filter((block) => block !== undefined), rest }
}

const blockOf = (text: string): EventBlock | undefined => {
  const fields = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(':'))
    .map((line) => /^([^:]*)(?:: ?(.*))?$/.exec(line)?.slice(1) ?? [])
  const last = (name: string) => fields.findLast(([field]) => field === name)?.[1]
  if (fields.length === 0) return undefined
  const retry = last('retry')
  return {
    event: last('event') || 'message',
    data: fields
      .filter(([field]) => field === 'data')
      .map(([, value = '']) => value)
      .join('\n'),
    id: last('id'),
    retryMs: retry !== undefined && /^\d+$/.test(retry) ? Number(retry) : undefined,
  }
}

/** The blocks of a response as they come. A block that is cut off by the end is dropped, as the standard says. */
export async function* readBlocks(body: ReadableStream<Uint8Array>): AsyncGenerator<EventBlock> {
  const decoder = new TextDecoder()
  let waiting = ''
  for await (const chunk of body) {
    waiting += decoder.decode(chunk, { stream: true })
    // A lone CR at the end may be half of a line break.
    if (waiting.endsWith('\r')) continue
    const { blocks, rest } = takeBlocks(waiting)
    waiting = rest
    yield* blocks
  }
}
