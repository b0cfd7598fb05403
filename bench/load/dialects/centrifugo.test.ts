// The answers are those of Centrifugo's documentation: transports/client_protocol and the example of a publication.
import { expect, test } from 'bun:test'
import { payloadOf } from '../../lib/payload.ts'
import { NumberPlace } from '../number-place.ts'
import { centrifugo } from './centrifugo.ts'

const guest = { index: 0, port: 1, tenantId: 'clinic-0', userId: 'user-0', rooms: ['memory:000000'] }

test('a client connects with a token, subscribes, and is ready', () => {
  const opening = JSON.parse(centrifugo.opened?.(guest).say ?? '') as { readonly id: number; readonly connect: object }
  expect(opening).toMatchObject({ id: 1, connect: { token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) } })
  const connected = '{"id":1,"connect":{"client":"421bf374-dd01-4f82-9def-8c31697e956f","version":"6.0.0","ping":25}}'
  expect(centrifugo.greeted(connected, guest)).toEqual({ say: '{"id":2,"subscribe":{"channel":"memory:000000"}}' })
  expect(centrifugo.greeted('{"id":2,"subscribe":{}}', guest)).toEqual({ ready: true })
})

test('an empty object is a ping, whose answer is one too', () => {
  expect(centrifugo.greeted('{}', guest)).toEqual({ say: '{}' })
  expect(centrifugo.aside('{}')).toBe('{}')
})

test('an answer to a publish is left aside, an error is a failure', () => {
  expect(centrifugo.aside('{"id":1,"publish":{}}')).toBeUndefined()
  const refused = '{"id":1,"error":{"code":103,"message":"permission denied"}}'
  expect(() => centrifugo.aside(refused)).toThrow('permission denied')
  expect(() => centrifugo.greeted(refused, guest)).toThrow('permission denied')
})

test('a publication has its number at the same place, whoever published it', () => {
  const place = new NumberPlace('start', 100)
  for (const [number, info] of [
    [5, ''],
    [6, ',"info":{"user":"user-0","client":"421bf374-dd01-4f82-9def-8c31697e956f"}'],
  ] as const) {
    const push = Buffer.from(`{"push":{"channel":"memory:000000","pub":{"data":${payloadOf(number)}${info}}}}`)
    const at = place.find(push, 0, push.length)
    expect(push.toString('latin1', at, at + 6)).toBe(`00000${number}`)
  }
})
