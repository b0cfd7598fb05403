/** The field in which a message is written, answered or changed. Enter sends, Shift+Enter begins a line, Esc takes back. */
import { byId, say } from './dom.js'

export const createComposer = ({ onSend, onEdit, onWrite, onEditLast }) => {
  const form = byId('composer')
  const field = byId('text')
  const about = byId('about')
  const drafts = new Map()
  let roomId
  /** What the text is for: a new message, an answer to one, or the change of one. */
  let purpose = { kind: 'new' }

  const grow = () => {
    field.style.height = 'auto'
    field.style.height = `${Math.min(field.scrollHeight, 168)}px`
    byId('send').disabled = field.value.trim() === ''
  }
  const put = (text) => {
    field.value = text
    grow()
  }
  const aim = (next, what, text) => {
    purpose = next
    about.hidden = next.kind === 'new'
    say(byId('about-what'), what)
    say(byId('about-text'), text)
    byId('send').setAttribute('aria-label', next.kind === 'edit' ? 'Save' : 'Send')
  }
  const startNew = () => {
    if (purpose.kind === 'edit') put('')
    aim({ kind: 'new' })
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const text = field.value.trim()
    if (text === '') return
    const done = purpose
    put('')
    aim({ kind: 'new' })
    onWrite('')
    if (done.kind === 'edit') onEdit(done.message, text)
    else onSend(text, done.message?.id)
    field.focus()
  })
  field.addEventListener('input', () => {
    grow()
    if (purpose.kind !== 'edit') onWrite(field.value.trim())
  })
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault()
      form.requestSubmit()
    } else if (event.key === 'Escape' && purpose.kind !== 'new') {
      event.preventDefault()
      startNew()
    } else if (event.key === 'ArrowUp' && field.value === '') {
      event.preventDefault()
      onEditLast()
    }
  })
  byId('about-close').addEventListener('click', () => {
    startNew()
    field.focus()
  })

  return {
    /** What was begun in each visit stays with it. */
    open(id) {
      if (roomId !== undefined && purpose.kind !== 'edit') drafts.set(roomId, field.value)
      roomId = id
      aim({ kind: 'new' })
      put(drafts.get(id) ?? '')
    },
    reply(message, name) {
      startNew()
      aim({ kind: 'reply', message }, `Reply to ${name}`, message.text)
      field.focus()
    },
    edit(message) {
      put(message.text)
      aim({ kind: 'edit', message }, 'Edit message', message.text)
      field.focus()
    },
    focus: () => field.focus(),
  }
}
