import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { idOfRoomPart, roomPart } from './room-part.ts'

test('an id that a name may hold is its own part', () => {
  for (const id of ['ann', '42', 'dr-lee@clinic.example', 'Zoë', '王', 'a/b+c=d', '_ann', '...'])
    expect(roomPart(id)).toBe(id)
})

test.each([
  ['auth0|7', 'auth0%7C7'],
  ['a:b', 'a%3Ab'],
  ['100%', '100%25'],
  ['ann lee', 'ann%20lee'],
  ['__proto__', '%5F_proto__'],
  ['..', '%2E.'],
  ['.', '%2E'],
  ['Zoe\u0308', 'Zoe%CC%88'],
  ['{x}', '%7Bx%7D'],
  ['a\r\nb', 'a%0D%0Ab'],
])('%j is %j in the name of a room', (id, part) => {
  expect(roomPart(id)).toBe(part)
  expect(idOfRoomPart(part)).toBe(id)
})

test('no two ids share a part, and a part that nobody would write is no one’s', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (id) => {
      expect(idOfRoomPart(roomPart(id))).toBe(id)
      expect(roomPart(id)).not.toMatch(/[:\s{}*?|]/)
    }),
  )
  for (const part of ['%61nn', 'a%3ab', '%', '%zz', 'a|b', '%C3']) expect(idOfRoomPart(part)).toBeUndefined()
})
