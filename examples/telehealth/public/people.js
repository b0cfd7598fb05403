/** Who is who: names, initials and colours of the people of a visit. */
import { make } from './dom.js'

const tints = 6

const tintOf = (userId) => {
  let sum = 0
  for (const letter of userId) sum = (sum * 31 + letter.codePointAt(0)) % 9_973
  return sum % tints
}

const initialsOf = (name) => {
  const words = name
    .replace(/^(Dr|Prof)\.? /, '')
    .split(/\s+/)
    .filter(Boolean)
  return [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => word?.[0] ?? '')
    .join('')
    .toUpperCase()
}

/** `state` draws a status beside it. */
export const avatar = ({ userId, name }, { large = false, state } = {}) =>
  make('span', {
    class: large ? 'avatar large' : 'avatar',
    'aria-hidden': 'true',
    text: initialsOf(name),
    data: { tint: String(tintOf(userId)), state },
  })

export const peopleOf = (room) => (Array.isArray(room.data?.people) ? room.data.people : [])

/** Whoever is not named by the visit is known by their id. */
export const personIn = (visit, userId) =>
  visit.people.find((person) => person.userId === userId) ?? { userId, name: userId, title: '', role: '' }

/** Of a visit: the other person, or the visit itself where there are several. */
export const faceOf = (visit, others, options = {}) =>
  others.length === 1
    ? avatar(others[0], options)
    : avatar({ userId: visit.id, name: visit.title }, { large: options.large })

export const othersIn = (visit, me) => visit.people.filter(({ userId }) => userId !== me)

/** `Ann`, `Ann and Ben`, `Ann, Ben and Cleo`. */
export const listed = (names) =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
