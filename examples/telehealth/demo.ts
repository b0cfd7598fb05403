/** The demonstration: two clinics with visits that have begun. Made in development only, and only once however often it is made. */
import type { AppContext } from '@fanfare/server'
import { demoPeople } from './people.ts'
import { createVisit } from './visits.ts'

type DemoVisit = {
  readonly id: string
  readonly title: string
  readonly people: readonly string[]
  /** Who says what. */
  readonly said: readonly (readonly [string, string])[]
}

const visits: { readonly [tenantId: string]: readonly DemoVisit[] } = {
  riverside: [
    {
      id: 'test-room',
      title: 'Care team',
      people: ['test-user-123', 'dr-okafor', 'nurse-brandt'],
      said: [['nurse-brandt', 'Hello Maya, this is where you reach all of us. One of us answers within the day.']],
    },
    {
      id: 'test-visit',
      title: 'Sleep diary',
      people: ['test-user-123', 'nurse-brandt'],
      said: [
        ['nurse-brandt', 'Could you note for a week when you fall asleep, and when you wake up?'],
        ['test-user-123', 'Of course. Shall I write down naps too?'],
        ['nurse-brandt', 'Please do. Every bit helps.'],
      ],
    },
    {
      id: 'visit-elias',
      title: 'After your knee surgery',
      people: ['elias', 'dr-okafor', 'nurse-brandt'],
      said: [
        ['elias', 'The swelling went down a lot since Monday.'],
        ['elias', 'Can I take the stairs again?'],
      ],
    },
    {
      id: 'test-visit-123',
      title: 'Blood pressure follow-up',
      people: ['test-user-123', 'dr-okafor'],
      said: [
        ['dr-okafor', 'Good morning Maya. How have the readings been since we changed the dose?'],
        ['test-user-123', 'Better! Around 128 over 82 in the mornings, a little higher in the evenings.'],
        [
          'dr-okafor',
          'That is what I hoped for. Please keep measuring before breakfast and send me the week on Friday.',
        ],
      ],
    },
  ],
  hillside: [
    {
      id: 'visit-priya',
      title: 'Skin check',
      people: ['priya', 'dr-sorensen'],
      said: [['dr-sorensen', 'The biopsy came back clear. No follow-up needed before autumn.']],
    },
  ],
}

/** @throws FanfareError `unavailable` where chat is off */
export const seedDemo = async (of: (tenantId: string) => AppContext): Promise<void> => {
  for (const [tenantId, own] of Object.entries(visits)) {
    const context = of(tenantId)
    for (const visit of own) await seedVisit(context, visit)
  }
}

const seedVisit = async (context: AppContext, { id, title, people, said }: DemoVisit): Promise<void> => {
  const { tenantId } = context
  const found = demoPeople.filter((person) => person.tenantId === tenantId && people.includes(person.id))
  await createVisit(context, { id, title, people: found })
  for (const [index, [userId, text]] of said.entries()) {
    await context.chat.send({ roomId: id, userId, text, key: `demo-${index}` })
  }
}
