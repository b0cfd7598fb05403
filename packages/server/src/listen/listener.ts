/** The port of a listener: it accepts sockets of one runtime, makes links of them, and leaves every decision to others. */
import type { Services } from '../flows/services.ts'
import type { OpenPolicy } from './open-link.ts'

export type Remote = { readonly address: string }

export type ListenOptions = {
  readonly services: Services
  readonly host: string
  readonly port: number
  readonly policy: OpenPolicy
  /** Answers everything that is not a WebSocket upgrade. */
  readonly fetch: (request: Request, remote: Remote) => Promise<Response>
}

export type Listener = {
  /** Where it can be reached, with the port that it was given. */
  readonly url: string
  /** Takes no more sockets; those that are open stay. */
  pause(): void
  /** Ends every socket that is left. */
  close(): Promise<void>
}
