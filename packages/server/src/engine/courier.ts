/**
 * The port from one node to another that it knows by name: for work that only its owner can do. At most once; nobody answers
 * unless the two agree on it. Two members; every engine passes `courier.contract.ts`.
 */

export type Courier = {
  /** `receive` is called in the order of sending for each sender. */
  start(receive: (from: string, message: string) => void): Promise<() => Promise<void>>
  /** False when no such node listens. @throws FanfareError `unavailable` when that cannot be known */
  tell(node: string, message: string): Promise<boolean>
}
