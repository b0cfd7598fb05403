/**
 * What the client takes from its surroundings: sockets, requests, time, chance, and whether the page is online and seen.
 * Everything can be replaced, so that tests script the network and move time by hand. Holds no state.
 */

/** The part of the WebSocket interface that the client uses. */
export type Socket = {
  readonly readyState: number
  /** What the server chose of the subprotocols, once the socket is open; empty for none. */
  readonly protocol?: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(text: string): void
  close(code?: number, reason?: string): void
}
export type SocketConstructor = new (url: string, protocols: string[]) => Socket

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export type Timer = { cancel(): void }
export type Clock = {
  /** Wall clock, ms since 1970. */
  now(): number
  after(ms: number, callback: () => void): Timer
}

export type PageListeners = {
  readonly online: () => void
  readonly offline: () => void
  /** The page is seen again after it was hidden, or came back from the browser's cache. */
  readonly visible: () => void
}
export type Page = {
  /** False only where the browser is certain that there is no network. */
  online(): boolean
  /** Returns the function that stops watching. */
  watch(listeners: PageListeners): () => void
}

export type Surroundings = {
  /** Undefined where there is none; the client then uses event streams. */
  readonly WebSocket: SocketConstructor | undefined
  readonly fetch: Fetch | undefined
  readonly clock: Clock
  readonly page: Page
  /** In [0, 1), for jitter. */
  readonly random: () => number
  /** A new idempotency key. */
  readonly makeKey: () => string
  /** Where exceptions of the application's listeners go. */
  readonly report: (error: unknown) => void
}

/** Longer timers fire at once in every runtime. */
const longestTimer = 2 ** 31 - 1

const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, longestTimer))
    return { cancel: () => clearTimeout(timer) }
  },
}

const systemPage: Page = {
  online: () => globalThis.navigator?.onLine !== false,
  watch(listeners) {
    if (typeof window === 'undefined' || typeof document === 'undefined') return () => {}
    const shown = () => {
      if (document.visibilityState === 'visible') listeners.visible()
    }
    const handlers = [
      [window, 'online', listeners.online],
      [window, 'offline', listeners.offline],
      [window, 'pageshow', shown],
      [document, 'visibilitychange', shown],
    ] as const
    for (const [target, type, handler] of handlers) target.addEventListener(type, handler)
    return () => {
      for (const [target, type, handler] of handlers) target.removeEventListener(type, handler)
    }
  },
}

/** Works in insecure contexts too, where `crypto.randomUUID` does not exist. */
const randomKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** As an uncaught exception of a browser's own listener: loud, and without harm to the client. */
const reportUncaught = (error: unknown): void => {
  if (typeof reportError === 'function') reportError(error)
  else
    queueMicrotask(() => {
      throw error
    })
}

/** Read when a client is made, so that a polyfill may come at any time before. */
export const systemSurroundings = (): Surroundings => ({
  WebSocket: globalThis.WebSocket as unknown as SocketConstructor | undefined,
  fetch: globalThis.fetch ? (url, init) => globalThis.fetch(url, init) : undefined,
  clock: systemClock,
  page: systemPage,
  random: Math.random,
  makeKey: randomKey,
  report: reportUncaught,
})
