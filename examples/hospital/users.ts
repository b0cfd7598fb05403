/** Who may sign in. In memory, for a demonstration: an application of your own asks its database instead. */
import { hashPassword, verifyPassword } from './passwords.ts'

export type Account = {
  readonly id: string
  readonly tenantId: string
  readonly email: string
  readonly name: string
  readonly roles: readonly string[]
}
export type NewAccount = Account & { readonly password: string }

export type Users = {
  /** The account, if the password is its own. As slow for an address that nobody has as for a wrong password. */
  check(email: string, password: string): Promise<Account | undefined>
}

export const demoAccounts: readonly NewAccount[] = [
  {
    id: '1',
    tenantId: 'tenant_north',
    email: 'ada@north.example',
    name: 'Ada Park',
    roles: ['admin'],
    password: 'north-demo-1',
  },
  {
    id: '2',
    tenantId: 'tenant_north',
    email: 'ben@north.example',
    name: 'Ben Osei',
    roles: ['nurse'],
    password: 'north-demo-2',
  },
  {
    id: '1',
    tenantId: 'tenant_south',
    email: 'cleo@south.example',
    name: 'Cleo Marin',
    roles: ['admin'],
    password: 'south-demo-1',
  },
]

const normal = (email: string) => email.trim().toLowerCase()

/** Keeps the hashes and forgets the passwords. */
export const createUsers = async (accounts: readonly NewAccount[]): Promise<Users> => {
  const hashed = await Promise.all(
    accounts.map(async ({ password, ...account }) => ({ account, hash: await hashPassword(password) })),
  )
  const byEmail = new Map(hashed.map((entry) => [normal(entry.account.email), entry]))
  const nobody = await hashPassword('nobody has this password')
  return {
    async check(email, password) {
      const entry = byEmail.get(normal(email))
      const right = await verifyPassword(password, entry?.hash ?? nobody)
      return right ? entry?.account : undefined
    },
  }
}
