import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { defineApp } from './define-app.ts'
import { createProblems } from './problems.ts'
import { createRoomTable } from './room-table.ts'
import { readRooms } from './rooms.ts'

const later: StandardSchemaV1<number, number> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (value) =>
      typeof value === 'number' ? { value: value + 1 } : { issues: [{ message: 'not a number', path: ['deep', 0] }] },
  },
}

const app = defineApp({
  rooms: {
    'patient:{patientId}': {
      events: {
        zod: z.object({ rate: z.number(), note: z.string().default('none') }),
        valibot: v.object({ vitals: v.object({ rate: v.number() }) }),
        arktype: type({ rate: 'number' }),
        later,
        dated: z.object({ at: z.coerce.date() }),
      },
      access: 'tenant',
    },
    'device:{kind}:{id}': { events: {}, access: 'tenant' },
    'device:{kind}:all': { events: {}, access: 'tenant', log: 'none' },
    'café:{id}': { events: {}, access: 'tenant' },
  },
})

const codeOf = (run: () => unknown): string => {
  try {
    run()
    return 'taken'
  } catch (error) {
    if (error instanceof FanfareError) return error.code
    throw error
  }
}

test('a name falls under its pattern, with its parameters', () => {
  const room = app.room('mercy', 'patient:42')
  expect(room).toMatchObject({ tenantId: 'mercy', name: 'patient:42', params: { patientId: '42' } })
  expect(room.rule.pattern).toBe('patient:{patientId}')
  expect(room.log).toEqual({ keep: 100, forMs: 300_000, durable: false })
})

test('a literal part beats a parameter', () => {
  expect(app.room('mercy', 'device:pump:all').rule.pattern).toBe('device:{kind}:all')
  expect(app.room('mercy', 'device:pump:all').log.keep).toBe(0)
  expect(app.room('mercy', 'device:pump:7').rule.pattern).toBe('device:{kind}:{id}')
})

test('the same room is the same frozen object, and another tenant has another', () => {
  const room = app.room('mercy', 'patient:42')
  expect(app.room('mercy', 'patient:42')).toBe(room)
  expect(Object.isFrozen(room) && Object.isFrozen(room.params) && Object.isFrozen(room.rule)).toBe(true)
  expect(app.room('grace', 'patient:42')).not.toBe(room)
})

test('names of prototypes are names like any other', () => {
  for (const name of ['constructor', 'toString', 'prototype', 'hasOwnProperty', 'valueOf']) {
    const room = app.room('mercy', `patient:${name}`)
    expect(room.params).toEqual({ patientId: name })
    expect(Object.getPrototypeOf(room.params)).toBe(Object.prototype)
    expect(codeOf(() => app.checkEvent(room, name, {}))).toBe('unknown_event')
    expect(codeOf(() => app.command(name))).toBe('unknown_command')
    expect(codeOf(() => app.room('mercy', name))).toBe('unknown_room')
    expect(app.reactions(name)).toEqual([])
    expect(app.endpoint(`/${name}`)).toBeUndefined()
  }
})

test.each([
  ['patient', 'unknown_room'],
  ['patient:1:2', 'unknown_room'],
  ['Patient:1', 'unknown_room'],
  ['patient:', 'bad_name'],
  ['patient:*', 'bad_name'],
  ['patient:{patientId}', 'bad_name'],
  ['patient:a\r\nb', 'bad_name'],
  ['patient:a\0', 'bad_name'],
  ['patient:\u007f', 'bad_name'],
  ['patient:\ud800', 'bad_name'],
  ['patient:__proto__', 'bad_name'],
  ['patient:..', 'bad_name'],
  ['patient:../x', 'taken'],
  ['cafe\u0301:1', 'bad_name'],
  ['caf\u00e9:1', 'taken'],
  ['', 'bad_name'],
])('%j is %s', (name, outcome) => {
  expect(codeOf(() => app.room('mercy', name))).toBe(outcome)
})

test('what it remembers is bounded, and what it forgot it finds again', () => {
  const problems = createProblems()
  const entries = readRooms({ 'a:{id}': { events: {}, access: 'tenant' } }, problems)
  const find = createRoomTable(entries, { remembered: 2 })
  const first = find('mercy', 'a:1')
  find('mercy', 'a:2')
  expect(find('mercy', 'a:1')).toBe(first)
  find('mercy', 'a:3')
  const again = find('mercy', 'a:1')
  expect(again).not.toBe(first)
  expect(again).toEqual(first)
})

const patient = app.room('mercy', 'patient:42')

test('the schema’s answer is what is published: defaults in, unknown members out', () => {
  expect(app.checkEvent(patient, 'zod', { rate: 72, extra: 1 })).toEqual({ rate: 72, note: 'none' })
})

test('an asynchronous schema is awaited', async () => {
  expect(await app.checkEvent(patient, 'later', 1)).toBe(2)
  expect(app.checkEvent(patient, 'later', 'x')).rejects.toThrow('later: deep.0: not a number')
})

test.each([
  ['zod', { rate: 'fast' }, /^zod: rate: .+/],
  ['valibot', { vitals: { rate: 'fast' } }, /^valibot: vitals\.rate: .+/],
  ['arktype', { rate: 'fast' }, /^arktype: rate: .+/],
  ['dated', { at: '2026-01-01' }, /^dated: at: a Date is not plain JSON/],
])('%s: a refusal names the path of what is wrong', (event, data, message) => {
  expect(codeOf(() => app.checkEvent(patient, event, data))).toBe('invalid_payload')
  expect(() => app.checkEvent(patient, event, data)).toThrow(message)
})
