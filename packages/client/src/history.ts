/** Reading a room's past: a page, or all pages one after another. */
import type { HistoryPage, Json, Position, RoomEvent } from '@fanfare/protocol'
import type { RequestFrame } from './requests.ts'

/** `after` reads forwards, `before` backwards; neither begins with the newest page. */
export type HistoryOptions = {
  /** Events a page. The server has its own most. */
  readonly limit?: number
} & (
  | { readonly after?: Position | 'earliest'; readonly before?: undefined }
  | { readonly after?: undefined; readonly before?: Position }
)

/** A page whose events are typed by the room. */
export type PageOf<Event extends RoomEvent<string, unknown>> = Omit<HistoryPage, 'events'> & {
  /** Oldest first, whichever way the page was read. */
  readonly events: readonly Event[]
}

/**
 * One page when awaited; page after page, until the log ends, in `for await`.
 *
 * @throws FanfareError `forbidden`, `position_lost`, …, from the promise or the loop
 */
export type History<Page> = PromiseLike<Page> & AsyncIterable<Page>

export const readHistory = (
  requests: { ask(frame: RequestFrame): Promise<Json> },
  room: string,
  options: HistoryOptions,
): History<HistoryPage> => {
  const read = async ({ limit, after, before }: HistoryOptions): Promise<HistoryPage> =>
    (await requests.ask({
      type: 'history',
      room,
      ...(limit === undefined ? {} : { limit }),
      ...(after === undefined ? {} : { after }),
      ...(before === undefined ? {} : { before }),
    })) as unknown as HistoryPage
  return {
    // biome-ignore lint/suspicious/noThenProperty: a page is asked for only when somebody awaits it
    then: (fulfilled, rejected) => read(options).then(fulfilled, rejected),
    async *[Symbol.asyncIterator]() {
      const { limit } = options
      const size = limit === undefined ? {} : { limit }
      let page = await read(options)
      yield page
      while (page.next) {
        page = await read(options.after === undefined ? { ...size, before: page.next } : { ...size, after: page.next })
        yield page
      }
    },
  }
}
