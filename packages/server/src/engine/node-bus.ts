/** The port through which nodes tell each other what to do. A message reaches every node that runs, the sender too. */

/** Everything that one node may ask of the others. */
export type NodeMessage =
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

export type NodeBus = {
  start(receive: (message: NodeMessage) => void): Promise<() => Promise<void>>
  send(message: NodeMessage): Promise<void>
}
