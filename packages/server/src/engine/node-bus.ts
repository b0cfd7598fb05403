/**
 * The port through which nodes tell each other what to do. A message reaches every node that runs, the sender too: an
 * `emit` at most once, any other once and in the order of sending, or the node is told that it missed some.
 */

/** Everything that one node may ask of the others. */
export type NodeRequest =
  /** The user's grants changed: weigh every subscription of theirs again. */
  | { readonly type: 'grants.changed'; readonly tenantId: string; readonly userId: string }
  /** End sessions: one, or all of a user. */
  | { readonly type: 'disconnect'; readonly tenantId: string; readonly userId: string; readonly session?: string }
  /** Give a whole message to the Socket.IO sessions of a namespace that are there. */
  | {
      readonly type: 'emit'
      readonly tenantId: string
      readonly namespace: string
      readonly to:
        | { readonly room: string }
        | { readonly userId: string }
        | { readonly session: string }
        | { readonly everyone: true }
      /** Sessions that are left out. */
      readonly except: readonly string[]
      readonly frame: string
    }

/**
 * Messages other than emits were lost, and nobody knows which. Told by the engine, never sent. The node can find out what
 * still holds (grants, revoked tokens); what left no trace, such as the end of one session, it cannot.
 */
export type MissedMessages = { readonly type: 'missed' }

export type NodeMessage = NodeRequest | MissedMessages

export type NodeBus = {
  start(receive: (message: NodeMessage) => void): Promise<() => Promise<void>>
  /** @throws FanfareError `unavailable` */
  send(message: NodeRequest): Promise<void>
}
