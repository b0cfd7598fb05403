/** The journal's part of a change: what it published and redacted, for whoever is told of it after the commit. */
import { appendToJournal, type JournalParts } from './journal.ts'
import { redactJournal } from './journal-erase.ts'
import type { Change, CommittedEvents, JournalEvent, Rows } from './store.ts'

export type OpenChange = {
  readonly change: Change
  /** Of a change that is done; undefined when the journal has nothing new. */
  committed(): CommittedEvents | undefined
}

/** For one run of a change: run again, it begins with another. */
export const openChange = (rows: Rows, parts: JournalParts): OpenChange => {
  const { tenantId } = parts
  const events: JournalEvent[] = []
  const redacted = new Set<string>()
  return {
    change: {
      rows,
      async publish(drafts) {
        const appended = await appendToJournal(rows, drafts, parts)
        events.push(...appended.fresh)
        return appended.events
      },
      async redact(redaction) {
        await redactJournal(rows, redaction, parts)
        redacted.add(redaction.room)
      },
    },
    committed: () =>
      events.length === 0 && redacted.size === 0
        ? undefined
        : { tenantId, events, ...(redacted.size === 0 ? {} : { redacted: [...redacted] }) },
  }
}
