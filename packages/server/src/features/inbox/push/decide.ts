/**
 * Whether a notification is pushed, decided some seconds after it came: not when it was seen meanwhile, nor while the user is
 * there. In quiet hours it waits for their end, and goes with the others that waited as one, of which the newest is told.
 */
import type { Change, Rows } from '../../../store/store.ts'
import { marksOf, readUser } from '../counters.ts'
import type { InboxParts } from '../inbox-parts.ts'
import { wayOf } from '../preferences.ts'
import { quietUntil } from '../quiet.ts'
import { readSaid } from '../said.ts'
import { inboxLimits } from '../settings.ts'
import { hidden, stateNow, unseen } from '../states.ts'

export type DecideParts = InboxParts & {
  readonly isOnline: (tenantId: string, userId: string) => Promise<boolean>
}

const atOnce = 200
/** The newest of a night; whoever got more is not told how many. */
const mostLookedAt = 1_000

/** @returns whether there may be more */
export const decidePushes = async (parts: DecideParts, tenantId: string): Promise<boolean> => {
  const claim = await claimWaiting(parts, tenantId)
  for (const userId of claim.users) {
    const isThere = await parts.isOnline(tenantId, userId)
    const about = { userId, isThere, until: claim.until }
    await parts.store.of(tenantId).change((change) => decide(parts, change, about))
  }
  return claim.count === atOnce
}

/** Takes what is due for a while: nobody else looks at it before `until`, and if we die, somebody does then. */
const claimWaiting = async ({ store, clock }: InboxParts, tenantId: string) => {
  const now = clock.now()
  const until = now + inboxLimits.leaseMs
  const claimed = await store.of(tenantId).change(async ({ rows }) => {
    const due = await rows
      .selectFrom('inbox_waiting')
      .select(['user_id', 'id'])
      .where('due_at', '<=', now)
      .orderBy('due_at')
      .limit(atOnce)
      .execute()
    if (due.length === 0) return []
    return rows
      .updateTable('inbox_waiting')
      .set({ due_at: until })
      .where('user_id', 'in', [...new Set(due.map(({ user_id }) => user_id))])
      .where(
        'id',
        'in',
        due.map(({ id }) => id),
      )
      .where('due_at', '<=', now)
      .returning('user_id')
      .execute()
  })
  return { users: new Set(claimed.map(({ user_id }) => user_id)), until, count: claimed.length }
}

type About = { readonly userId: string; readonly isThere: boolean; readonly until: number }
type Waiting = { readonly id: string; readonly quiet: number }

const decide = async (parts: DecideParts, { rows }: Change, { userId, isThere, until }: About): Promise<void> => {
  const taken = await rows
    .deleteFrom('inbox_waiting')
    .where('user_id', '=', userId)
    // All that waited for the end of quiet hours goes into one.
    .where(({ and, or, eb }) => or([eb('due_at', '=', until), and([eb('quiet', '=', 1), eb('due_at', '<', until)])]))
    .returning(['id', 'quiet'])
    .execute()
  if (taken.length === 0 || isThere) return
  const now = parts.clock.now()
  const wanted = await stillWanted(parts, rows, { userId, taken })
  if (wanted.length === 0) return
  const said = (await readSaid(rows, [userId])).get(userId) ?? parts.settings.preferences
  const quietEnd = said.quiet && quietUntil(said.quiet, now)
  if (quietEnd !== undefined) {
    await rows
      .insertInto('inbox_waiting')
      .values(wanted.map(({ id }) => ({ user_id: userId, id, quiet: 1, due_at: quietEnd })))
      .execute()
    return
  }
  await letSend(rows, { userId, pushes: inPushes(wanted), now })
}

type Asked = { readonly userId: string; readonly taken: readonly Waiting[] }

/** Those that nobody has seen, and of whose kind the user still wants pushes; oldest first. */
const stillWanted = async (
  { settings }: DecideParts,
  rows: Rows,
  { userId, taken: all }: Asked,
): Promise<readonly Waiting[]> => {
  const taken = [...all].sort((one, other) => (one.id < other.id ? -1 : 1)).slice(-mostLookedAt)
  const user = await readUser(rows, userId)
  if (user === undefined) return []
  const marks = marksOf(user)
  const said = (await readSaid(rows, [userId])).get(userId)
  const found = await rows
    .selectFrom('inbox_notification')
    .select(['id', 'kind', 'state', 'changed'])
    .where('user_id', '=', userId)
    .where(
      'id',
      'in',
      taken.map(({ id }) => id),
    )
    .orderBy('id')
    .execute()
  const quiet = new Map(taken.map((one) => [one.id, one.quiet]))
  return found
    .filter((row) => {
      const state = stateNow(row, marks)
      return (state === unseen || state === hidden) && wayOf(row.kind, said, settings.preferences).push
    })
    .map(({ id }) => ({ id, quiet: quiet.get(id) ?? 0 }))
}

type Push = { readonly id: string; readonly summed: number }

const inPushes = (wanted: readonly Waiting[]): readonly Push[] => {
  const single = wanted.filter(({ quiet }) => quiet === 0).map(({ id }) => ({ id, summed: 1 }))
  const gathered = wanted.filter(({ quiet }) => quiet === 1)
  const newest = gathered.at(-1)
  return newest === undefined ? single : [{ id: newest.id, summed: gathered.length }, ...single]
}

type Sending = { readonly userId: string; readonly pushes: readonly Push[]; readonly now: number }

const letSend = async (rows: Rows, { userId, pushes, now }: Sending): Promise<void> => {
  const browsers = await rows.selectFrom('inbox_push').select('id').where('user_id', '=', userId).execute()
  if (browsers.length === 0) return
  await rows
    .insertInto('inbox_sending')
    .values(
      browsers.flatMap((browser) =>
        pushes.map(({ id, summed }) => ({
          id,
          push_id: browser.id,
          user_id: userId,
          summed,
          tries: 0,
          due_at: now,
          created_at: now,
        })),
      ),
    )
    .execute()
}
