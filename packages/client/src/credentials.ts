/** Where tokens and tickets come from, and when to stop asking. Never stores them beyond the connection, never logs them. */
import { FanfareError } from '@fanfare/protocol'

/** What is shown to the server when a link opens. */
export type Credential =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'ticket'; readonly ticket: string }
  | { readonly kind: 'none' }

/** A fixed token, or a provider that is asked on every connect and before the token expires. */
export type TokenSource = string | (() => string | Promise<string>)
/** Tickets are single-use, so there is only a provider. */
export type TicketSource = () => string | Promise<string>

/** The same token refused this often ends it: a third time would not go better. */
const sameTokenRefusals = 2
/** Different tokens, all refused: whoever makes them makes them wrong. */
const anyTokenRefusals = 5

export class Credentials {
  readonly #source: { readonly token?: TokenSource | undefined; readonly ticket?: TicketSource | undefined }
  #latest: string | undefined
  #refused: string | undefined
  #sameRefusals = 0
  #refusals = 0

  constructor(source: { readonly token?: TokenSource | undefined; readonly ticket?: TicketSource | undefined }) {
    this.#source = source
  }

  /** Whether asking again could bring another token while the connection lives. */
  get refreshable(): boolean {
    return typeof this.#source.token === 'function'
  }

  get mayRenew(): boolean {
    const provided = this.refreshable || this.#source.ticket !== undefined
    return provided && this.#sameRefusals < sameTokenRefusals && this.#refusals < anyTokenRefusals
  }

  /** @throws FanfareError `unavailable` when the provider fails, with its error as the cause */
  async obtain(): Promise<Credential> {
    const { token, ticket } = this.#source
    try {
      if (token !== undefined) {
        this.#latest = typeof token === 'string' ? token : await token()
        return { kind: 'token', token: this.#latest }
      }
      if (ticket !== undefined) {
        this.#latest = await ticket()
        return { kind: 'ticket', ticket: this.#latest }
      }
    } catch (cause) {
      if (cause instanceof FanfareError) throw cause
      throw new FanfareError('unavailable', 'The token provider failed.', { cause })
    }
    return { kind: 'none' }
  }

  accepted(): void {
    this.#refused = undefined
    this.#sameRefusals = 0
    this.#refusals = 0
  }

  /** The server refused what was obtained last, or it expired. */
  refused(): void {
    this.#sameRefusals = this.#latest === this.#refused ? this.#sameRefusals + 1 : 1
    this.#refused = this.#latest
    this.#refusals++
  }

  /** A new start by hand forgets earlier refusals. */
  forgive(): void {
    this.accepted()
  }
}
