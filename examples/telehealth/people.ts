/** Who there is and who may sign in. In memory, for a demonstration: an application of your own asks its database instead. */
import { hashPassword, verifyPassword } from './passwords.ts'

export type Role = 'patient' | 'provider' | 'admin'

export type Person = {
  readonly id: string
  readonly tenantId: string
  readonly email: string
  readonly name: string
  /** @example 'Cardiology' */
  readonly title: string
  readonly role: Role
}

export type People = {
  /** The person, if the password is their own. As slow for an address that nobody has as for a wrong password. */
  check(email: string, password: string): Promise<Person | undefined>
  find(tenantId: string, userId: string): Person | undefined
}

/** Everybody here has the same password, which is one more reason why they exist in development only. */
export const demoPassword = 'password123'
export const demoClinic = 'riverside'
const otherClinic = 'hillside'

const demo = (
  tenantId: string,
  role: Role,
  [id, email, name, title]: readonly [string, string, string, string],
): Person => ({
  id,
  tenantId,
  email,
  name,
  title,
  role,
})

export const demoPeople: readonly Person[] = [
  demo(demoClinic, 'patient', ['test-user-123', 'patient@example.com', 'Maya Lindqvist', 'Patient']),
  demo(demoClinic, 'patient', ['elias', 'elias@example.com', 'Elias Novak', 'Patient']),
  demo(demoClinic, 'provider', ['dr-okafor', 'provider@example.com', 'Dr. Amara Okafor', 'Cardiology']),
  demo(demoClinic, 'provider', ['nurse-brandt', 'nurse@example.com', 'Noah Brandt', 'Nurse practitioner']),
  demo(otherClinic, 'patient', ['priya', 'priya@hillside.example', 'Priya Raman', 'Patient']),
  demo(otherClinic, 'provider', ['dr-sorensen', 'provider@hillside.example', 'Dr. Liv Sørensen', 'Dermatology']),
]

const normal = (email: string) => email.trim().toLowerCase()

/** Keeps hashes of passwords, and forgets the passwords. */
export const createPeople = async (people: readonly Person[], password: string): Promise<People> => {
  const hashed = await Promise.all(people.map(async (person) => ({ person, hash: await hashPassword(password) })))
  const byEmail = new Map(hashed.map((entry) => [normal(entry.person.email), entry]))
  const nobody = await hashPassword('nobody has this password')
  return {
    async check(email, given) {
      const entry = byEmail.get(normal(email))
      const right = await verifyPassword(given, entry?.hash ?? nobody)
      return right ? entry?.person : undefined
    },
    find: (tenantId, userId) => people.find((person) => person.tenantId === tenantId && person.id === userId),
  }
}
