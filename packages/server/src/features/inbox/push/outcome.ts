/** What follows from a push service's answer, pure. */

export type Outcome =
  | { readonly kind: 'sent' }
  /** The browser is not there any more. */
  | { readonly kind: 'gone' }
  /** It was seen meanwhile. */
  | { readonly kind: 'unwanted' }
  /** It would be refused again. */
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'later'; readonly afterMs: number }

const firstMs = 30_000
const longestMs = 60 * 60_000

/** @param tries how many there were, this one too */
export const backoffMs = (tries: number): number => Math.min(longestMs, firstMs * 2 ** Math.min(tries - 1, 20))

/** RFC 8030 and what push services do: 404 and 410 are the end of a subscription, 429 and their own failures pass. */
export const outcomeOf = (status: number, tries: number, retryAfterMs: number = 0): Outcome => {
  if (status >= 200 && status < 300) return { kind: 'sent' }
  if (status === 404 || status === 410) return { kind: 'gone' }
  if (status === 408 || status === 429 || status >= 500) {
    return { kind: 'later', afterMs: Math.min(longestMs, Math.max(backoffMs(tries), retryAfterMs)) }
  }
  return { kind: 'refused', status }
}
