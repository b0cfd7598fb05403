/** A visit: a conversation between a patient and those who care for them. What the application keeps of it beside its messages, and who may do what in one. */
import { FanfareError, type Json } from '@fanfare/protocol'
import type { AppContext, User } from '@fanfare/server'
import { z } from 'zod'
import type { Person } from './people.ts'

const Participant = z.object({ userId: z.string(), name: z.string(), title: z.string(), role: z.string() })
const VisitData = z.object({ people: z.array(Participant) })
export type Participant = z.infer<typeof Participant>

export type NewVisit = { readonly id?: string; readonly title: string; readonly people: readonly Person[] }

export const visitRoom = (visitId: string): string => `chat:${visitId}`

const careRoles = ['provider', 'admin']
const clinicRoles = ['patient', ...careRoles]

/** Being in a visit is not enough: a token must also have a role of the clinic, and only those who care may moderate. */
export const mayInVisit = ({ user, action }: { readonly user: User; readonly action: 'read' | 'send' | 'moderate' }) =>
  (action === 'moderate' ? careRoles : clinicRoles).some((role) => user.is(role))

export const isCarer = (user: User | undefined): boolean => careRoles.some((role) => user?.is(role))

/** The same id again gives the visit as it is. */
export const createVisit = ({ chat }: AppContext, { id, title, people }: NewVisit) =>
  chat.createRoom({
    ...(id === undefined ? {} : { id }),
    title,
    data: { people: people.map(({ id: userId, name, title: what, role }) => ({ userId, name, title: what, role })) },
    members: people.map(({ id: userId, role }) => ({ userId, role: role === 'patient' ? 'member' : 'moderator' })),
  })

/** Nobody, where the room was not made as a visit. */
export const peopleIn = (data: Json | undefined): readonly Participant[] => VisitData.safeParse(data).data?.people ?? []

const page = 100

/** Whether they are in a visit together, which is what a status is seen by. */
export const shareVisit = async ({ chat }: AppContext, userId: string, otherId: string): Promise<boolean> => {
  for (let before: string | undefined, first = true; first || before !== undefined; first = false) {
    const found = await chat.rooms(userId, { limit: page, ...(before === undefined ? {} : { before }) })
    if (found.rooms.some(({ data }) => peopleIn(data).some((person) => person.userId === otherId))) return true
    before = found.before
  }
  return false
}

/** @throws FanfareError `forbidden` */
export const mustCare = (user: User | undefined): void => {
  if (!isCarer(user)) throw new FanfareError('forbidden', 'Only providers and administrators may.')
}
