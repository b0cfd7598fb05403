import { expect, test } from 'bun:test'
import { changeOf, snapshotOf } from './presence-message.ts'
import { PresenceView } from './presence-view.ts'

type Made = { readonly from: string; readonly to: string; readonly left: number; readonly what: string }
const change = ({ from, to, left, what }: Made) => {
  const [kind, user] = what.split(' ')
  return changeOf(`${from} ${to} ${left} ${kind} 1000\n"desk"\n${user}`)!
}
const snapshot = (version: string, names: readonly string[], count = version.split('@')[0]!) =>
  snapshotOf(['1.a', count, ['v', version, ...names.flatMap((name) => [`u${name}`, '1000 "desk"'])]])
const empty = (count: string) => snapshotOf(['1.a', count, []])
const said = (step: { readonly tell: readonly { change: string; userId: string }[]; readonly need: string }) => [
  ...step.tell.map(({ change, userId }) => `${change} ${userId}`),
  step.need,
]

const join = change({ from: '0', to: '5@1.a', left: 1, what: 'join ann' })
const second = change({ from: '5@1.a', to: '7@1.a', left: 2, what: 'join bob' })
const third = change({ from: '7@1.a', to: '8@1.a', left: 1, what: 'leave ann' })
const last = change({ from: '8@1.a', to: '9@1.a', left: 0, what: 'leave bob' })

const emptyRoom = () => {
  const view = new PresenceView()
  view.compared('0')
  return view
}

test('tells what follows, each once', () => {
  const view = emptyRoom()
  expect(said(view.heard(join, 'message'))).toEqual(['join ann', 'nothing'])
  expect(said(view.heard(join, 'own'))).toEqual(['nothing'])
  expect(said(view.heard(second, 'own'))).toEqual(['join bob', 'nothing'])
  expect(said(view.heard(second, 'message'))).toEqual(['nothing'])
})

test('what came before the room was empty again is not told when it comes once more', () => {
  const view = emptyRoom()
  for (const heard of [join, second, third, last]) view.heard(heard, 'message')
  for (const late of [join, second, third, last]) expect(said(view.heard(late, 'message'))).toEqual(['nothing'])
})

test('waits a moment for what an own change overtook, and reads at once where messages have a hole', () => {
  const view = emptyRoom()
  expect(said(view.heard(second, 'own'))).toEqual(['soon'])
  expect(said(view.heard(join, 'message'))).toEqual(['join ann', 'join bob', 'nothing'])
  expect(view.look()).toBe('nothing')
  expect(said(view.heard(last, 'message'))).toEqual(['now'])
  expect(said(view.heard(third, 'message'))).toEqual(['leave ann', 'leave bob', 'nothing'])
})

test('after a loss tells the differences, and goes on from there', () => {
  const view = emptyRoom()
  view.heard(join, 'message')
  view.heard(last, 'message')
  expect(said(view.read(snapshot('8@1.a', ['bob'])))).toEqual(['leave ann', 'join bob', 'leave bob', 'nothing'])
})

test('a read that messages have overtaken says nothing', () => {
  const view = emptyRoom()
  view.heard(join, 'message')
  view.heard(second, 'message')
  expect(said(view.read(snapshot('5@1.a', ['ann'])))).toEqual(['nothing'])
  expect(said(view.read(empty('4')))).toEqual(['nothing'])
  expect([...view.laterThan(snapshot('5@1.a', ['ann']))!.keys()]).toEqual(['ann', 'bob'])
  expect(view.laterThan(snapshot('7@1.a', ['ann', 'bob']))).toBeUndefined()
})

test('a comparison that finds more waits a moment, then reads', () => {
  const view = emptyRoom()
  expect(said(view.compared('5@1.a'))).toEqual(['soon'])
  expect(view.look()).toBe('now')
  expect(said(view.read(snapshot('5@1.a', ['ann'])))).toEqual(['join ann', 'nothing'])
  expect(view.look()).toBe('nothing')
})

test('a comparison that messages overtake says nothing', () => {
  const view = emptyRoom()
  expect(said(view.compared('5@1.a'))).toEqual(['soon'])
  view.heard(join, 'message')
  expect(view.look()).toBe('nothing')
})

test('a comparison with something earlier is late, or a loss: the members say which', () => {
  const view = emptyRoom()
  view.heard(join, 'message')
  view.heard(second, 'message')
  expect(said(view.compared('5@1.a'))).toEqual(['soon'])
  expect(view.look()).toBe('now')
  expect(said(view.read(snapshot('7@1.a', ['ann', 'bob'])))).toEqual(['nothing'])
  view.compared('5@1.a')
  const lost = snapshotOf(['1.b', '5', ['v', '5@1.a', 'uann', '1000 "desk"']])
  expect(said(view.read(lost))).toEqual(['leave bob', 'nothing'])
  expect(said(view.compared('5@1.a'))).toEqual(['nothing'])
})

test('who was in before is told of to nobody; what was heard while their names were read is', () => {
  const view = new PresenceView()
  expect(said(view.heard(second, 'message'))).toEqual(['nothing'])
  expect(said(view.compared('5@1.a'))).toEqual(['now'])
  expect(said(view.heard(third, 'own'))).toEqual(['nothing'])
  expect(said(view.read(snapshot('7@1.a', ['ann', 'bob'])))).toEqual(['join bob', 'leave ann', 'nothing'])
  expect(said(view.heard(last, 'message'))).toEqual(['leave bob', 'nothing'])
})

test('an own change before the first comparison is told at once, and only then', () => {
  const view = new PresenceView()
  expect(said(view.heard(join, 'own'))).toEqual(['join ann', 'nothing'])
  view.compared('0')
  expect(said(view.heard(join, 'message'))).toEqual(['nothing'])
  expect(said(view.heard(second, 'message'))).toEqual(['join bob', 'nothing'])
})

test('members that are not as many as a message says are read', () => {
  const view = emptyRoom()
  expect(said(view.heard(change({ from: '0', to: '5@1.a', left: 2, what: 'join ann' }), 'message'))).toEqual([
    'join ann',
    'soon',
  ])
  expect(view.look()).toBe('now')
  view.read(snapshot('5@1.a', ['ann', 'bob']))
  expect(view.look()).toBe('nothing')
})

test('another life of the partition is read, whatever its count', () => {
  const view = emptyRoom()
  view.heard(second, 'message')
  view.heard(join, 'message')
  const other = change({ from: '3@1.b', to: '4@1.b', left: 1, what: 'update ann' })
  expect(said(view.heard(other, 'message'))).toEqual(['now'])
  expect(said(view.read(snapshotOf(['1.b', '4', ['v', '4@1.b', 'uann', '1000 "desk"']])))).toEqual([
    'leave bob',
    'nothing',
  ])
})

test('what is no message and no version is seen as such', () => {
  expect(changeOf('')).toBeUndefined()
  expect(changeOf('0 5@1.a 1 join 1000\n{"a":\nann')).toBeUndefined()
  expect(changeOf('0 five 1 join 1000\n1\nann')).toBeUndefined()
  expect(said(new PresenceView().compared('five'))).toEqual(['now'])
})
