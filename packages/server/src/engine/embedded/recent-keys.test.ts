import { expect, test } from 'bun:test'
import { RecentKeys } from './recent-keys.ts'

const make = (perRoom: number, inAll: number) => {
  const keys = new RecentKeys({ perRoom, inAll })
  const add = (room: ReturnType<typeof keys.ofRoom>, key: string, at = 0) =>
    keys.add(room, key, { id: `id of ${key}`, offset: 1, timestamp: '', at })
  const known = (room: ReturnType<typeof keys.ofRoom>) => [...room.byKey.keys()].join('')
  return { keys, add, known }
}

test('a key gives what a repeat is answered with until it is too old', () => {
  const { keys, add } = make(10, 10)
  const room = keys.ofRoom()
  add(room, 'a', 5)
  expect(keys.find(room, 'a', 4)).toMatchObject({ id: 'id of a', offset: 1 })
  expect(keys.find(room, 'a', 5)).toBeUndefined()
  expect(keys.find(keys.ofRoom(), 'a', 4)).toBeUndefined()
})

test('a room remembers its newest keys, and all rooms together the newest of all', () => {
  const { keys, add, known } = make(3, 5)
  const [a, b] = [keys.ofRoom(), keys.ofRoom()]
  for (const key of 'abcd') add(a, key)
  expect(known(a)).toBe('bcd')
  for (const key of 'xyz') add(b, key)
  expect([known(a), known(b)]).toEqual(['cd', 'xyz'])
  expect(keys.size).toBe(5)
})

test('what is too old goes, whichever room it is of, and a key comes again after that', () => {
  const { keys, add, known } = make(10, 10)
  const [a, b] = [keys.ofRoom(), keys.ofRoom()]
  add(a, 'a', 1)
  add(b, 'x', 2)
  add(a, 'b', 3)
  keys.expire(2)
  expect([known(a), known(b)]).toEqual(['b', ''])
  add(a, 'b', 9)
  expect(keys.find(a, 'b', 8)).toBeDefined()
  expect(keys.size).toBe(1)
  keys.forget(a)
  expect([known(a), keys.size]).toEqual(['', 0])
  add(b, 'y', 10)
  expect(known(b)).toBe('y')
})
