/** What a contender's words are: types only, which `dialects.ts` has one of for each. */
import type { LinkName } from './links.ts'

export type Guest = {
  readonly index: number
  readonly port: number
  readonly tenantId: string
  readonly userId: string
  readonly rooms: readonly string[]
  /** Where it resumes, room by room. */
  readonly since?: ((room: string) => { readonly epoch: string; readonly offset: number }) | undefined
}

/** What follows a text frame of the server while a connection opens: something to say, or that it is ready. */
export type Step = { readonly say?: string; readonly ready?: boolean }

export type Dialect = {
  /** @default 'websocket' */
  readonly link?: LinkName
  /** The HTTP request that opens the link. */
  upgrade(guest: Guest): string
  /** What follows when the link is open, where the server does not speak first. */
  opened?(guest: Guest): Step
  greeted(text: string, guest: Guest): Step
  /** A text frame, or the whole request where the link is plain HTTP. `bytes`: of the payload. @default `payloadBytes` */
  publish(room: string, id?: number, bytes?: number): string
  /** What to answer to a text frame that is not what the load waits for; throws where it is a failure. */
  aside(text: string): string | undefined
  /** Who publishes, where subscribers cannot or another way is the usual one. */
  readonly publisher?: Dialect
  /**
   * From where in a frame its number is counted: all that stands on that side of it has the same width in every frame.
   * @default 'start'
   */
  readonly counted?: 'start' | 'end'
}

export const unexpected = (text: string): Error => new Error(`the server said: ${text.slice(0, 300)}`)

/** Whoever says anything that was not waited for has failed. */
export const nothingAside = (text: string): never => {
  throw unexpected(text)
}
