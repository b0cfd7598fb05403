/** Work in steps, each one transaction that also says how far it got: what dies between two goes on where it was, and nothing is done twice. */
import type { Selectable } from 'kysely'
import { openSealed } from './content.ts'
import { deliver } from './deliver.ts'
import { changeInbox, type InboxChange, type InboxParts } from './inbox-parts.ts'
import { columnsToRemove, removeNotifications } from './remove.ts'
import { inboxLimits } from './settings.ts'
import type { TaskTable } from './tables.ts'
import { pageOf } from './targets.ts'

type Task = Omit<Selectable<TaskTable>, 'tenant_id'>

/** How long a task that cannot go on is left alone. */
const laterMs = 60_000

/** One step of each task that is due. @returns whether there may be more */
export const stepTasks = async (parts: InboxParts, tenantId: string): Promise<boolean> => {
  const due = await parts.store
    .of(tenantId)
    .read((rows) =>
      rows
        .selectFrom('inbox_task')
        .select('id')
        .where('due_at', '<=', parts.clock.now())
        .orderBy('due_at')
        .limit(20)
        .execute(),
    )
  for (const { id } of due) await stepOrLeave(parts, tenantId, id)
  return due.length > 0
}

const stepOrLeave = async (parts: InboxParts, tenantId: string, id: string): Promise<void> => {
  try {
    await changeInbox(parts, tenantId, (within) => step(within, id))
  } catch (error) {
    parts.log.error({ error, tenantId, task: id }, 'a task of the inbox cannot go on; it is tried again in a minute')
    const due_at = parts.clock.now() + laterMs
    await parts.store
      .of(tenantId)
      .change(({ rows }) => rows.updateTable('inbox_task').set({ due_at }).where('id', '=', id).execute())
  }
}

const step = async (within: InboxChange, id: string): Promise<void> => {
  const { rows } = within.change
  // Locks the task: another node waits here, and then goes on from what this one did.
  const task = await rows
    .updateTable('inbox_task')
    .set((eb) => ({ after: eb.ref('after') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
  if (task === undefined) return
  const after = task.work === 'spread' ? await spread(within, task) : await trim(within, task)
  if (after === undefined) await rows.deleteFrom('inbox_task').where('id', '=', id).execute()
  else await rows.updateTable('inbox_task').set({ after }).where('id', '=', id).execute()
}

/** @returns how far it got, or undefined at the end */
const spread = async (within: InboxChange, task: Task): Promise<string | undefined> => {
  const target = task.target === 'role' ? 'role' : 'topic'
  const users = await pageOf(
    within.change.rows,
    { target, name: task.name },
    { after: task.after, limit: inboxLimits.step },
  )
  const content = openSealed(within.change.sealer, task, { table: 'inbox_task', id: task.id })
  const key = task.key ?? undefined
  await deliver(
    within,
    users.map((userId) => ({ userId, kind: task.kind, content, key })),
  )
  return users.length < inboxLimits.step ? undefined : users.at(-1)
}

/** The oldest of a user who has more than is kept. */
const trim = async (within: InboxChange, { name: userId }: Task): Promise<string | undefined> => {
  const { rows } = within.change
  const removed = await removeNotifications(within, [userId], async () => {
    const user = await rows
      .selectFrom('inbox_user')
      .select('kept')
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow()
    const tooMany = Math.min(inboxLimits.step, user.kept - within.parts.settings.perUser)
    if (tooMany <= 0) return []
    return rows
      .selectFrom('inbox_notification')
      .select(columnsToRemove)
      .where('user_id', '=', userId)
      .orderBy('id')
      .limit(tooMany)
      .execute()
  })
  return removed < inboxLimits.step ? undefined : ''
}
