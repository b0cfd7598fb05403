import { expect, test } from 'bun:test'
import { z } from 'zod'
import { command, defineAppWith } from './define-app.ts'
import type { AppDescription } from './description.ts'
import { type DefinableFeature, describeFeature } from './feature-description.ts'

const said = z.object({ text: z.string() })
const mine = () => 'mine'
const its = () => 'its'
const hears = () => {}

/** `desk:{id}` with one command, one event, one route; `size` and `colour` are its options. */
const desk: DefinableFeature = {
  name: 'desk',
  describe: (options: { readonly size?: number; readonly colour?: string }) => {
    const { size = 1, colour = 'red' } = options
    const problems = [
      ...(size > 0 ? [] : [new Error('size: give a number above 0.')]),
      ...(colour === 'red' || colour === 'blue' ? [] : [new Error("colour: give 'red' or 'blue'.")]),
    ]
    if (problems.length > 0) throw new AggregateError(problems)
    return describeFeature({
      rooms: { 'desk:{id}': { events: { 'desk.moved': said }, access: 'tenant' } },
      commands: { 'desk:move': command(said, its), 'desk:sit': command(said, its) },
      on: { 'desk.moved': hears },
      routes: { 'GET /v1/desks': its },
      lifecycle: { 'user.offline': hears },
    })
  },
}
const lamp: DefinableFeature = { name: 'lamp', describe: () => describeFeature({ rooms: {} }) }

const define = (description: unknown) => defineAppWith([desk, lamp], description as AppDescription)
const mistakes = (description: unknown): string => {
  try {
    define(description)
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}
const lobby = { events: { said }, access: 'tenant' } as const

test('features are on unless they are switched off, and the application stands in front', () => {
  const app = define({
    rooms: { lobby },
    commands: { 'desk:move': command(said, mine) },
    on: { 'desk.moved': mine },
    lifecycle: { 'user.offline': mine },
    features: { desk: { size: 2 } },
  })
  expect(app.features).toEqual(
    new Map([
      ['desk', { options: { size: 2 }, configured: true }],
      ['lamp', { options: {}, configured: false }],
    ]),
  )
  expect(app.room('acme', 'desk:1').rule.pattern).toBe('desk:{id}')
  expect(app.command('desk:move').handle({} as never, {})).toBe('mine')
  expect(app.command('desk:sit').handle({} as never, {})).toBe('its')
  expect(app.reactions('desk.moved')).toEqual([
    { owner: '', react: mine },
    { owner: 'desk', react: hears },
  ] as never)
  expect(app.lifecycle['user.offline'].map(({ owner }) => owner)).toEqual(['', 'desk'])
  expect(app.routes).toMatchObject([{ owner: 'desk', path: '/v1/desks' }])
})

test('one that is off has left nothing', () => {
  const app = define({ rooms: { lobby }, features: { desk: false } })
  expect([...app.features.keys()]).toEqual(['lamp'])
  expect(() => app.room('acme', 'desk:1')).toThrow('describes no room')
  expect(() => app.command('desk:sit')).toThrow('no command')
  expect([app.reactions('desk.moved'), app.routes]).toEqual([[], []])
})

test('features alone are rooms enough, and without any there must be some', () => {
  expect(mistakes({ rooms: {} })).toBe('none')
  expect(mistakes({ rooms: {}, features: { desk: false } })).toContain('describe at least one room')
})

test('every mistake is told at once: options, unknown names, rooms and what nobody has', () => {
  const complaint = mistakes({
    rooms: { 'desk:{number}': lobby, lobby },
    on: { 'lamp.lit': mine },
    features: { desk: { size: 0, colour: 'green' }, lamb: {}, zebra: {} },
  })
  expect(complaint).toContain('features.desk: size: give a number above 0.')
  expect(complaint).toContain("features.desk: colour: give 'red' or 'blue'.")
  expect(complaint).toContain('features.lamb: did you mean lamp?')
  expect(complaint).toContain('features.zebra: no feature has this name; there are desk, lamp.')
  expect(complaint).toContain("on['lamp.lit']: no room has an event of this type")
  expect(mistakes({ rooms: { lobby }, features: { desk: 'off' } })).toContain('features.desk: give options, or false')
  expect(mistakes({ rooms: { lobby }, features: 'none' })).toContain('features: give options by name')
})

test.each(['desk:{number}', 'desk:lobby', '{kind}:1', 'desk:{id}'])(
  'a room %s that could be taken for a feature’s is a mistake that says what to do',
  (pattern) => {
    const complaint = mistakes({ rooms: { [pattern]: lobby } })
    expect(complaint).toContain(`rooms['${pattern}']: the feature desk has 'desk:{id}'`)
    expect(complaint).toContain('features: { desk: false }')
  },
)

test('a room that is wider than a feature’s is everything else', () => {
  const app = define({ rooms: { '{kind}:{id}': lobby } })
  expect(app.room('acme', 'desk:1').rule.pattern).toBe('desk:{id}')
  expect(app.room('acme', 'bed:1').rule.pattern).toBe('{kind}:{id}')
})

test('only features have paths under /v1', () => {
  expect(mistakes({ rooms: { lobby }, routes: { 'GET /v1/mine': mine } })).toContain('choose another')
})
