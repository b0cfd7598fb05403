import { expect, test } from 'bun:test'
import { FanfareError } from '@fanfare/protocol'
import { refusal, startWorld } from '@fanfare/testkit'
import { clinic } from '../support/clinic.ts'

test('a refresh that cannot be judged just now is refused, and the session goes on with its old token', async () => {
  await using world = await startWorld({ app: clinic })
  const ann = await world.person('ann')
  const token = await world.token('ann')
  const { auth } = world.server.services
  const verify = auth.verifyToken
  Object.assign(auth, { verifyToken: () => Promise.reject(new FanfareError('unavailable')) })
  expect(await refusal(ann.asks({ type: 'auth', token }))).toMatchObject({ code: 'unavailable', retry: 'later' })
  Object.assign(auth, { verifyToken: verify })
  await ann.joins('ward:1')
  await ann.asks({ type: 'auth', token })
  await ann.sees('connected')
})
