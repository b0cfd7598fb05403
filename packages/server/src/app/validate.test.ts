import { expect, test } from 'bun:test'
import { refusal } from '@fanfare/testkit'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { validate } from './validate.ts'

const text = 'HIV positive'
const complaint = async (work: () => unknown) => (await refusal((async () => work())())).message

test.each([
  ['zod', z.object({ of: z.object({ level: z.enum(['low', 'high']) }) })],
  ['valibot', v.object({ of: v.object({ level: v.picklist(['low', 'high']) }) })],
  ['arktype', type({ of: { level: "'low' | 'high'" } })],
])('a complaint of %s names the member and does not repeat what it was given', async (_, schema) => {
  const message = await complaint(() => validate(schema, { of: { level: text } }, 'noted'))
  expect(message).toStartWith('noted: of.level: ')
  expect(message).not.toContain(text)
  const bare = await complaint(() => validate(v.number(), text, 'noted'))
  expect(bare).not.toContain(text)
})
