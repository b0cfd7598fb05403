/** What is said to Socket.IO clients beside the rooms' logs: now, to whoever is there. */

/** Reaches whoever is there now, at most once. */
export type SocketEmitter = { emit(name: string | number, ...args: readonly unknown[]): void }

/** Every Socket.IO session of the namespace that is meant, in the tenant, on every node; without those in `except`. */
export type EmitTarget = (
  | { readonly room: string }
  | { readonly userId: string }
  | { readonly session: string }
  | { readonly everyone: true }
) & {
  /** Sessions that are left out, such as the sender's. */
  readonly except?: string | readonly string[]
}
