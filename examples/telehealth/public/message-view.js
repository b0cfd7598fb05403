/** One message as it is seen: a bubble with what it answers, its text, reactions, time, and how far it got. */
import { icon, make } from './dom.js'
import { avatar, listed, personIn } from './people.js'
import { timeOf } from './time.js'

/** Reactions that the page draws itself; others are shown as they were written. */
const drawn = {
  '👍': ['r-thumb', 'thumbs up'],
  '❤️': ['r-heart', 'heart'],
  '😊': ['r-smile', 'smile'],
  '✅': ['r-done', 'done'],
}

const marks = {
  waiting: ['i-waiting', 'Waiting to be sent'],
  failed: ['i-failed', 'Not sent'],
  sent: ['i-sent', 'Sent'],
  delivered: ['i-twice', 'Delivered'],
  read: ['i-twice', 'Read'],
}

/** Bare addresses become links; everything else stays the text that it is. */
const withLinks = (text) => {
  const parts = []
  let end = 0
  for (const found of text.matchAll(/https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g)) {
    parts.push(text.slice(end, found.index))
    parts.push(make('a', { href: found[0], rel: 'noopener noreferrer', target: '_blank', text: found[0] }))
    end = found.index + found[0].length
  }
  return [...parts, text.slice(end)]
}

const reactionsOf = ({ message, me, visit, act }) =>
  Object.entries(message.reactions).map(([reaction, { users, more }]) => {
    const own = users.includes(me.id)
    const [name, word] = drawn[reaction] ?? [undefined, reaction]
    const names = users.map((userId) => personIn(visit, userId).name)
    return make(
      'button',
      {
        type: 'button',
        class: 'reaction',
        tabindex: '-1',
        'aria-pressed': String(own),
        'aria-label': `${word}: ${listed(names)}${more > 0 ? ` and ${more} more` : ''}`,
        title: listed(names),
        on: { click: () => act.react(message, reaction, own) },
      },
      name ? icon(name) : make('span', { text: reaction }),
      make('span', { text: String(users.length + more) }),
    )
  })

const quoteOf = ({ message, entry, visit, find }) => {
  const replyTo = (message ?? entry).replyTo
  if (replyTo === undefined) return undefined
  const quoted = find(replyTo)
  const text = quoted ? (quoted.deletedAt ? 'Message deleted' : quoted.text) : 'An earlier message'
  return make(
    'blockquote',
    { class: 'quote' },
    make('strong', { text: quoted ? personIn(visit, quoted.userId).name : '' }),
    make('span', { text }),
  )
}

const footOf = ({ message, entry, state, spelled }) => {
  const [name, words] = marks[state] ?? []
  const mark = () => [spelled ? make('span', { text: words }) : undefined, icon(name, spelled ? undefined : words)]
  return make(
    'span',
    { class: 'foot' },
    message?.editedAt && !message.deletedAt ? make('span', { text: 'edited' }) : undefined,
    make('time', { datetime: (message ?? entry).createdAt, text: timeOf((message ?? entry).createdAt) }),
    name ? make('span', { class: 'mark', data: { state }, title: words }, ...mark()) : undefined,
  )
}

const failureOf = ({ entry, act }) =>
  entry?.state === 'failed'
    ? make(
        'div',
        { class: 'failure', role: 'alert' },
        make('span', { text: `Not sent. ${entry.problem}` }),
        make('button', {
          type: 'button',
          class: 'quiet',
          text: 'Try again',
          on: { click: () => act.again(entry.key) },
        }),
        make('button', {
          type: 'button',
          class: 'quiet',
          text: 'Discard',
          on: { click: () => act.discard(entry.key) },
        }),
      )
    : undefined

/** Whatever changes how a row looks; a row whose signature stays is left alone. */
export const signatureOf = (row, { state, spelled, quoted }) =>
  JSON.stringify([row.begins, row.ends, state, spelled, quoted?.text, quoted?.deletedAt, row.message ?? row.entry])

/** @param around `{ visit, state, spelled, find, me, act }`; `spelled` where the state is said in a word too */
export const messageRow = (row, around) => {
  const { visit, me, state } = around
  const { message, entry } = row
  const own = (message ?? entry).userId === me.id
  const person = personIn(visit, (message ?? entry).userId)
  const deleted = message?.deletedAt !== undefined
  const parts = { message, entry, ...around }
  const said = deleted ? 'Message deleted' : (message ?? entry).text
  const bubble = make(
    'div',
    { class: 'bubble' },
    deleted ? undefined : quoteOf(parts),
    make('p', { class: 'text' }, ...(deleted ? [said] : withLinks(said))),
    footOf(parts),
  )
  const reactions = message && !deleted ? reactionsOf(parts) : []
  return make(
    'li',
    {
      class: 'message',
      tabindex: '-1',
      'aria-label': `${own ? 'You' : person.name}, ${timeOf((message ?? entry).createdAt)}. ${said}`,
      data: {
        id: message?.id,
        own: String(own),
        begins: String(row.begins),
        ends: String(row.ends),
        deleted: String(deleted),
        state,
      },
    },
    own || !row.ends ? undefined : avatar(person),
    make(
      'div',
      { class: 'body' },
      !own && row.begins && visit.people.length > 2 ? make('span', { class: 'name', text: person.name }) : undefined,
      make('div', { class: 'bubble-line' }, bubble),
      reactions.length > 0 ? make('div', { class: 'reactions' }, ...reactions) : undefined,
      failureOf(parts),
    ),
  )
}
