import { expect, test } from 'bun:test'
import { openInbox, toUser } from './inbox.world.ts'

test('what many messages of one change tell, however many, fails none of them', async () => {
  await using world = await openInbox()
  const { offered } = world.node
  const told = Array.from({ length: 2_500 }, (_, n) => toUser(`user-${n % 50}`, { kind: 'mention', key: `k${n}` }))
  await world.store.of('acme').change((change) => offered.notify!.in(change, 'acme', told))
  expect(await world.node.api().count('user-7')).toMatchObject({ unseen: 50 })
})
