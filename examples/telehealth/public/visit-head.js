/** The head of the open visit: its title, who is in it, and how they are. */
import { byId, say } from './dom.js'
import { faceOf, listed, othersIn } from './people.js'

export const createVisitHead = ({ me, statuses }) => {
  const alone = ({ name, title }, how) => [name, how, title].filter(Boolean).join(' · ')
  const oneOf = ({ name }, how) => (how ? `${name} (${how[0].toLowerCase()}${how.slice(1)})` : name)

  /** @param present user ids of those who look at the visit now */
  return (visit, present) => {
    const others = othersIn(visit, me.id)
    const describe = others.length === 1 ? alone : oneOf
    const names = others.map((person) =>
      describe(person, present.has(person.userId) ? 'here now' : statuses.wordsOf(person.userId)),
    )
    say(byId('visit-title'), visit.title)
    say(byId('visit-people'), listed(names))
    const state = others.length === 1 ? statuses.stateOf(others[0].userId) : undefined
    byId('visit-avatar').replaceChildren(faceOf(visit, others, { large: true, state }))
  }
}
