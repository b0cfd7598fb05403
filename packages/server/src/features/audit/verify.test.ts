/** Whatever is done to a chain that was written is found, and where. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type ChainEnd, type ChainRow, chainOn, chainStart, type KeptEntry } from './chain.ts'
import { type SignedStatement, signerOf } from './signing.ts'
import { type Verdict, Walk } from './verify.ts'

const signer = signerOf(Buffer.from('a secret of this test'))
const tenantId = 'clinic'

const entry = (which: number): KeptEntry => ({
  at: 1_700_000_000_000 + which,
  action: which % 2 === 0 ? 'room.subscribed' : 'history.read',
  actorKind: 'user',
  actorId: `user-${which % 5}`,
  subject: `patient:${which}`,
  detail: which % 3 === 0 ? null : `{"events":${which}}`,
})

const written = (count: number): ChainRow[] => [
  ...chainOn(
    tenantId,
    chainStart,
    Array.from({ length: count }, (_, which) => entry(which)),
  ),
]

const signed = (row: ChainEnd, kind: SignedStatement['kind'] = 'checkpoint'): SignedStatement =>
  signer.sign({ kind, tenantId, number: row.number, hash: row.hash, at: 1_700_000_100_000 })

type Given = { readonly statements?: readonly SignedStatement[]; readonly head?: ChainEnd; readonly keys?: string[] }

const verify = (rows: readonly ChainRow[], { statements = [], head, keys = [signer.key] }: Given = {}): Verdict => {
  const walk = new Walk({ tenantId, statements, keys: new Set(keys) })
  for (const row of rows) walk.take(row)
  return walk.finish(head ?? rows.at(-1))
}

const told = ({ problems }: Verdict) => problems.map(({ kind, number }) => [kind, number])
const at = (rows: readonly ChainRow[], number: number): ChainRow => {
  const row = rows[number - 1]
  if (!row) throw new Error(`There is no row ${number}.`)
  return row
}

test('a chain as it was written has nothing wrong, and says how far it is signed', () => {
  const rows = written(20)
  const verdict = verify(rows, { statements: [signed(at(rows, 10)), signed(at(rows, 15))] })
  expect(verdict).toEqual({ tenantId, rows: 20, last: 20, signed: 15, problems: [], more: 0 })
  expect(verify([])).toMatchObject({ rows: 0, problems: [] })
})

test('an edited row is named', () => {
  const rows = written(20)
  rows[6] = { ...at(rows, 7), actorId: 'somebody else' }
  expect(told(verify(rows))).toEqual([['changed', 7]])
})

test('an edited row with a hash to match is found by the next', () => {
  const rows = written(20)
  const { number, hash, ...kept } = at(rows, 7)
  rows[6] = chainOn(tenantId, at(rows, 6), [{ ...kept, subject: 'nothing' }])[0] as ChainRow
  expect(told(verify(rows))).toEqual([['changed', 8]])
})

test('deleted rows are named, at the beginning, in the middle and at the end', () => {
  const rows = written(20)
  expect(told(verify(rows.toSpliced(0, 2)))).toEqual([['deleted', 1]])
  expect(verify(rows.toSpliced(4, 3)).problems).toEqual([
    { kind: 'deleted', number: 5, text: 'entries 5 to 7 are missing' },
  ])
  expect(told(verify(rows.slice(0, 18), { head: at(rows, 20) }))).toEqual([['truncated', 19]])
})

test('rows that were deleted and whose followers were given their numbers are found', () => {
  const rows = written(20)
  const closed = rows.toSpliced(4, 1).map((row, index) => ({ ...row, number: index + 1 }))
  expect(told(verify(closed))[0]?.[1]).toBe(5)
})

test('rows in each other’s places are named with the places that they had', () => {
  const rows = written(20)
  const [seven, twelve] = [at(rows, 7), at(rows, 12)]
  rows[6] = { ...twelve, number: 7 }
  rows[11] = { ...seven, number: 12 }
  const { problems } = verify(rows)
  expect(problems).toContainEqual({ kind: 'moved', number: 7, text: 'what was written as entry 12 stands as entry 7' })
  expect(problems).toContainEqual({ kind: 'moved', number: 12, text: 'what was written as entry 7 stands as entry 12' })
  const neighbours = written(20)
  ;[neighbours[6], neighbours[7]] = [
    { ...at(neighbours, 8), number: 7 },
    { ...at(neighbours, 7), number: 8 },
  ]
  expect(
    verify(neighbours)
      .problems.filter(({ kind }) => kind === 'moved')
      .map(({ number }) => number),
  ).toEqual([7, 8])
})

test('a tail that was cut off with its head is found by a checkpoint, and only by one', () => {
  const rows = written(20)
  const cut = rows.slice(0, 15)
  expect(told(verify(cut))).toEqual([])
  expect(verify(cut, { statements: [signed(at(rows, 18))] }).problems).toEqual([
    {
      kind: 'truncated',
      number: 16,
      text: 'the chain ends with entry 15, though entry 18 was signed at 2023-11-14T22:15:00.000Z',
    },
  ])
  expect(told(verify([], { statements: [signed(at(rows, 18))] }))).toEqual([['truncated', 1]])
})

test('a chain that was written anew is in order with itself, and is found by a checkpoint', () => {
  const rows = written(20)
  const forged = chainOn(
    tenantId,
    chainStart,
    rows.map(({ number, hash, ...kept }) => (number === 12 ? { ...kept, actorId: 'nobody' } : kept)),
  )
  expect(told(verify(forged))).toEqual([])
  const statements = [signed(at(rows, 10)), signed(at(rows, 19))]
  const { problems } = verify(forged, { statements })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatchObject({ kind: 'rewritten', number: 19 })
  expect(problems[0]?.text).toContain('somewhere from entry 11 on')
})

test('a checkpoint by another key, or that was changed, holds nothing and is told', () => {
  const rows = written(5)
  const stranger = signerOf(Buffer.from('a stranger’s'))
  const foreign = stranger.sign(signed(at(rows, 5)))
  expect(told(verify(rows, { statements: [foreign] }))).toEqual([['unsigned', 5]])
  expect(told(verify(rows, { statements: [{ ...signed(at(rows, 5)), number: 4 }] }))).toEqual([['unsigned', 4]])
  expect(told(verify(rows, { statements: [foreign], keys: [signer.key, stranger.key] }))).toEqual([])
})

test('rows that were erased and signed for are not missed; others are', () => {
  const rows = written(20)
  const left = rows.slice(12)
  const checkpoint = signed(at(rows, 10))
  expect(told(verify(left, { statements: [signed(at(rows, 12), 'tombstone'), checkpoint] }))).toEqual([])
  expect(told(verify(left.slice(1), { statements: [signed(at(rows, 12), 'tombstone')] }))).toEqual([['deleted', 1]])
  const otherEnd = { number: 12, hash: at(rows, 11).hash }
  expect(told(verify(left, { statements: [signed(otherEnd, 'tombstone')] }))).toEqual([['changed', 13]])
})

test('a row of another tenant does not pass', () => {
  const others = chainOn('other', chainStart, [entry(1)])
  expect(told(verify(others))).toEqual([['changed', 1]])
})

const change = fc.oneof(
  fc.record({
    member: fc.constantFrom('action', 'actorKind', 'actorId', 'subject', 'detail', 'hash'),
    to: fc.string(),
  }),
  fc.record({ member: fc.constantFrom('at', 'number'), to: fc.integer({ min: 1, max: 1_000 }) }),
  fc.record({ member: fc.constantFrom('actorId', 'subject', 'detail'), to: fc.constant(null) }),
)

test('any single change anywhere is found', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(), change, (count, where, { member, to }) => {
      const rows = written(count)
      const head = at(rows, count)
      const index = where % count
      const before = rows[index] as ChainRow
      const after = { ...before, [member]: to }
      fc.pre(after[member as keyof ChainRow] !== before[member as keyof ChainRow])
      rows[index] = after
      rows.sort((one, other) => one.number - other.number)
      return verify(rows, { head }).problems.length > 0
    }),
    { numRuns: 2_000 },
  )
})

test('any row that is taken out, put in twice or exchanged with another is found', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(), fc.nat(), (count, one, other) => {
      const rows = written(count)
      const [first, second] = [one % count, other % count]
      const head = at(rows, count)
      const renumbered = (changed: readonly ChainRow[]) => changed.map((row, index) => ({ ...row, number: index + 1 }))
      const out = rows.toSpliced(first, 1)
      const twice = rows.toSpliced(second, 0, rows[first] as ChainRow)
      const exchanged = rows.with(first, rows[second] as ChainRow).with(second, rows[first] as ChainRow)
      const tampered = [out, renumbered(out), renumbered(twice), ...(first === second ? [] : [renumbered(exchanged)])]
      return tampered.every((changed) => verify(changed, { head }).problems.length > 0)
    }),
    { numRuns: 200 },
  )
})
