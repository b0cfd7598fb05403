/** The ports of listening: a listener accepts sockets of one runtime; doors decide what becomes of them. */
import type { FanfareError } from '@fanfare/protocol'
import type { TrustedProxies } from '../auth/client-address.ts'
import type { AllowedOrigins } from '../auth/origin.ts'
import type { Services } from '../flows/services.ts'
import { problem } from '../http/problem.ts'
import type { Link, LinkReader } from '../hub/link.ts'

export type Remote = { readonly address: string }

export type OpenPolicy = { readonly allowedOrigins: AllowedOrigins; readonly trustedProxies: TrustedProxies }

/** What an upgrade becomes. `protocol` is the subprotocol to answer with; a token is never echoed. */
export type Opening =
  | {
      readonly kind: 'open'
      readonly protocol: string | undefined
      /** The client reads messages of several frames, one a line. @default false */
      readonly lines?: boolean
      /** Bytes of a message that this link may send. @default `limits.messageBytes` */
      readonly messageBytes?: number
      /** Called once, when the socket is open. */
      readonly accept: (link: Link) => LinkReader
    }
  /** `answer`: where clients of this door know other words than a problem document. */
  | { readonly kind: 'refuse'; readonly error: FanfareError; readonly answer?: Response }
  /** This door is not at this path. */
  | { readonly kind: 'elsewhere' }

/** One way in for WebSockets, such as the native dialect's or Socket.IO's. */
export type Door = {
  /** Before any byte of the upgrade is accepted. Never throws. */
  decide(request: Request, remoteAddress: string): Opening
}

/** What is behind a listener, whatever accepts the sockets. */
export type Behind = {
  readonly services: Pick<Services, 'clock' | 'limits' | 'log'>
  /** Asked in order; the first that is at the path decides. */
  readonly doors: readonly Door[]
  /** Answers everything that is not a WebSocket upgrade. */
  readonly fetch: (request: Request, remote: Remote) => Promise<Response>
  /** Bytes of the largest message that any door takes. @default `limits.messageBytes` */
  readonly messageBytes?: number
  /** How long an answer may be awaited in silence, as polls are. @default `limits.idleMs` */
  readonly quietMs?: number
}

export const largestMessage = ({ messageBytes = 0, services }: Behind): number =>
  Math.max(messageBytes, services.limits.messageBytes)

export const refusalOf = ({ answer, error }: Opening & { readonly kind: 'refuse' }): Response =>
  answer ?? problem(error)

export type ListenOptions = Behind & {
  readonly host: string
  readonly port: number
  /** Other processes listen on the port too, and the system gives each its part of the connections. @default false */
  readonly sharedPort?: boolean
}

/** For a listener on a server that others answer on too. */
export type AttachOptions = Behind & {
  /** Whether `fetch` answers this; the rest is left to the others. `url` is absolute. */
  readonly owns: (asked: { readonly method: string; readonly url: string }) => boolean
}

export type Attached = {
  /** Takes no more sockets; those that are open stay. Twice is once. */
  pause(): void
  /** Ends every socket that is left. */
  close(): Promise<void>
}

export type Listener = Attached & {
  /** Where it can be reached, with the port that it was given. */
  readonly url: string
}

/** What the doors say about an upgrade. */
export const decideUpgrade = (doors: readonly Door[], request: Request, remote: Remote): Opening => {
  for (const door of doors) {
    const opening = door.decide(request, remote.address)
    if (opening.kind !== 'elsewhere') return opening
  }
  return { kind: 'elsewhere' }
}
