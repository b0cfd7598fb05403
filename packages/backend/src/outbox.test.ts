import { expect, test } from 'bun:test'
import type { Json } from '@fanfare/protocol'
import { outboxInsert, writeOutbox } from './outbox.ts'

const event = { tenant: 'clinic', room: 'patient:42', event: 'noted', data: { text: "it's $1" } } as const

test('an event is one row, and nothing of it stands in the statement', () => {
  expect(outboxInsert({ ...event, userId: 'ann', key: 'k1' })).toEqual({
    text: 'INSERT INTO fanfare_outbox (tenant_id, room, event, data, user_id, key) VALUES ($1, $2, $3, $4, $5, $6)',
    values: ['clinic', 'patient:42', 'noted', `{"text":"it's $1"}`, 'ann', 'k1'],
  })
})

test('many are one statement, in order', async () => {
  const asked: unknown[] = []
  const client = { query: async (text: string, values: unknown[]) => void asked.push(text.split('VALUES')[1], values) }
  await writeOutbox(client, event, { ...event, data: null })
  expect(asked[0]).toBe(' ($1, $2, $3, $4, $5, $6), ($7, $8, $9, $10, $11, $12)')
  expect(asked[1]).toHaveLength(12)
  const others: unknown[] = []
  await writeOutbox({ unsafe: async (text: string, values: (string | null)[]) => others.push(text, values) }, event)
  expect(others).toHaveLength(2)
})

test('what is not JSON is refused before anything is written', () => {
  expect(() => outboxInsert({ ...event, data: undefined as unknown as Json })).toThrow(/data of noted/)
  expect(() => outboxInsert()).toThrow(/at least one/)
})
