import { expect, test } from 'bun:test'
import { hashPassword, verifyPassword } from './passwords.ts'
import { createUsers, demoAccounts } from './users.ts'

test('a password is recognised, another is not, and equal passwords have different hashes', async () => {
  const hash = await hashPassword('correct horse')
  expect(hash).not.toContain('correct horse')
  expect(await hashPassword('correct horse')).not.toBe(hash)
  expect(await verifyPassword('correct horse', hash)).toBe(true)
  expect(await verifyPassword('correct horsf', hash)).toBe(false)
  expect(await verifyPassword('correct horse', 'garbage')).toBe(false)
})

test('an account is found by its address in any case, with its own password only', async () => {
  const users = await createUsers(demoAccounts)
  const [ada, ben] = demoAccounts
  expect(await users.check('ADA@north.example ', ada!.password)).toMatchObject({ id: '1', tenantId: 'tenant_north' })
  expect(await users.check(ada!.email, ben!.password)).toBeUndefined()
  expect(await users.check('nobody@north.example', ada!.password)).toBeUndefined()
  expect(await users.check(ada!.email, ada!.password)).not.toHaveProperty('password')
})
