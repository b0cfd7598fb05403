/** Sends what was decided: each push to each browser until it is taken, refused, or too old to be of interest. */
import type { Change, Rows, Sealer } from '../../../store/store.ts'
import { openSealed } from '../content.ts'
import { marksOf, readUser } from '../counters.ts'
import type { PushSubscription } from '../inbox-api.ts'
import type { InboxParts } from '../inbox-parts.ts'
import { inboxLimits } from '../settings.ts'
import { hidden, stateNow, unseen } from '../states.ts'
import { readBrowser, removeBrowser } from './browsers.ts'
import { backoffMs, type Outcome, outcomeOf } from './outcome.ts'
import { payloadOf } from './payload.ts'
import { NotPublic, type Post } from './post.ts'
import type { MakePush } from './vapid.ts'

export type SendParts = InboxParts & {
  readonly makePush: MakePush
  readonly post: Post
  readonly counted: (outcome: Outcome['kind']) => void
  /** Seldom: a push service that refuses us refuses all. */
  readonly warn: (about: { readonly [name: string]: unknown }) => void
}

const atOnce = 20

type Sending = {
  readonly id: string
  readonly push_id: string
  readonly user_id: string
  readonly summed: number
  readonly tries: number
  readonly created_at: number
}

/** @returns whether there may be more */
export const sendPushes = async (parts: SendParts, tenantId: string): Promise<boolean> => {
  const now = parts.clock.now()
  const store = parts.store.of(tenantId)
  const claimed = await store.change((change) => claimSending(change, now))
  const sealer = await store.sealer()
  await Promise.all(
    claimed.map(async (sending) => {
      const outcome = await trySend({ parts, tenantId, sealer, sending })
      parts.counted(outcome.kind)
      await settle(parts, tenantId, { sending, outcome })
    }),
  )
  return claimed.length === atOnce
}

/** Takes what is due for as long as sending can take: if we die, somebody else sends it after that, and the browser shows it once. */
const claimSending = async ({ rows }: Change, now: number): Promise<readonly Sending[]> => {
  const due = await rows
    .selectFrom('inbox_sending')
    .select(['id', 'push_id'])
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(atOnce)
    .execute()
  if (due.length === 0) return []
  return rows
    .updateTable('inbox_sending')
    .set((eb) => ({ due_at: now + inboxLimits.leaseMs, tries: eb('tries', '+', 1) }))
    .where(({ and, or, eb }) => or(due.map(({ id, push_id }) => and([eb('id', '=', id), eb('push_id', '=', push_id)]))))
    .where('due_at', '<=', now)
    .returning(['id', 'push_id', 'user_id', 'summed', 'tries', 'created_at'])
    .execute()
}

type OneSending = {
  readonly parts: SendParts
  readonly tenantId: string
  readonly sealer: Sealer
  readonly sending: Sending
}

const trySend = async (one: OneSending): Promise<Outcome> => {
  const { parts, tenantId, sealer, sending } = one
  const { tries } = sending
  const ready = await parts.store.of(tenantId).read((rows) => prepare(rows, sealer, sending))
  if (ready === undefined) return { kind: 'unwanted' }
  try {
    const ageMs = parts.clock.now() - sending.created_at
    const { status, retryAfterMs } = await parts.post(
      parts.makePush(ready.subscription, {
        payload: ready.payload,
        ttlSeconds: Math.max(0, Math.ceil((inboxLimits.pushForMs - ageMs) / 1_000)),
        replaces: sending.id.replaceAll('-', '').slice(0, 32),
      }),
    )
    return outcomeOf(status, tries, retryAfterMs)
  } catch (error) {
    if (error instanceof NotPublic) return { kind: 'gone' }
    parts.warn({ error, tenantId })
    return { kind: 'later', afterMs: backoffMs(tries) }
  }
}

type Ready = { readonly subscription: PushSubscription; readonly payload: string }

/** Undefined when it was seen meanwhile, or there is no such browser any more. */
const prepare = async (rows: Rows, sealer: Sealer, sending: Sending): Promise<Ready | undefined> => {
  const { id, user_id: userId, summed } = sending
  const user = await readUser(rows, userId)
  const row = await rows
    .selectFrom('inbox_notification')
    .select(['id', 'kind', 'content', 'key_id', 'state', 'changed'])
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
  const subscription = await readBrowser(rows, sealer, { id: sending.push_id, userId })
  if (user === undefined || row === undefined || subscription === undefined) return undefined
  const state = stateNow(row, marksOf(user))
  if (state !== unseen && state !== hidden) return undefined
  const content = openSealed(sealer, row, { table: 'inbox_notification', id })
  return { subscription, payload: payloadOf({ id, kind: row.kind, summed, unread: user.unread }, content) }
}

type Settled = { readonly sending: Sending; readonly outcome: Outcome }

const settle = async (parts: SendParts, tenantId: string, { sending, outcome }: Settled): Promise<void> => {
  if (outcome.kind === 'gone') {
    await removeBrowser(parts, tenantId, { userId: sending.user_id, id: sending.push_id })
  }
  if (outcome.kind === 'refused') parts.warn({ tenantId, status: outcome.status })
  const now = parts.clock.now()
  const next = outcome.kind === 'later' ? now + outcome.afterMs : undefined
  const again = next !== undefined && next < sending.created_at + inboxLimits.pushForMs
  await parts.store.of(tenantId).change(async ({ rows }) => {
    const { id, push_id } = sending
    if (again) {
      const set = rows.updateTable('inbox_sending').set({ due_at: next })
      await set.where('id', '=', id).where('push_id', '=', push_id).execute()
      return
    }
    await rows.deleteFrom('inbox_sending').where('id', '=', id).where('push_id', '=', push_id).execute()
  })
}
