/** The open visit, one at a time: puts together what was said, who is there, and what the user writes. */
import { createComposer } from './composer.js'
import { createDoing, mayDelete, mayEdit } from './doing.js'
import { byId } from './dom.js'
import { createMessageList } from './message-list.js'
import { createMessages } from './messages.js'
import { othersIn, personIn } from './people.js'
import { createReading } from './reading.js'
import { createReceipts } from './receipts.js'
import { createScroll } from './scroll.js'
import { createTyping } from './typing.js'
import { createVisitHead } from './visit-head.js'
import { enterVisit, readEarlier } from './visit-room.js'

export const createConversation = (parts) => {
  const { client, me, outbox, statuses, onError } = parts
  const conversation = new Conversation(parts)
  conversation.head = createVisitHead({ me, statuses })
  conversation.scroll = createScroll({ onEnd: () => conversation.reading?.mark() })
  conversation.reading = createReading({ ...parts, scroll: conversation.scroll, messages: conversation.messages })
  conversation.typing = createTyping({
    client,
    me,
    show: (text) => conversation.scroll.keep(() => sayTyping(text)),
  })
  const act = createDoing({
    run: (name, input) => conversation.run(name, input),
    outbox,
    composer: () => conversation.composer,
    nameOf: (userId) => personIn(conversation.visit, userId).name,
  })
  conversation.list = createMessageList({
    me,
    act,
    canEdit: (message) => mayEdit(message, me),
    canDelete: (message) => mayDelete(message, me),
  })
  conversation.composer = createComposer({
    onSend: (text, replyTo) => conversation.send(text, replyTo),
    onEdit: (message, text) => conversation.run('message:edit', { id: message.id, text }),
    onWrite: (text) => conversation.typing.wrote(text),
    onEditLast: () => conversation.editLast(),
  })
  byId('earlier').addEventListener('click', () => void conversation.earlier().catch(onError))
  return conversation
}

const sayTyping = (text) => {
  byId('typing').hidden = text === undefined
  byId('typing-text').textContent = text ?? ''
}

class Conversation {
  visit
  messages = createMessages()
  #receipts = createReceipts()
  #parts
  #leave = () => {}
  /** The number of the first message that was unread when the visit was opened. */
  #newFrom
  #present = new Set()

  constructor(parts) {
    this.#parts = parts
  }

  open(visit) {
    if (this.visit === visit) return
    this.#leave()
    this.visit = visit
    this.#present = new Set()
    this.messages.fill({ messages: [] })
    this.#receipts.fill({ kind: 'members', receipts: [] })
    this.#newFrom = undefined
    byId('nothing').hidden = true
    byId('visit').hidden = false
    this.reading.open(visit)
    this.composer.open(visit.id)
    this.typing.open(visit)
    this.refresh()
    this.#enter()
  }

  close() {
    this.#leave()
    this.#leave = () => {}
    this.typing.close()
    this.reading.open(undefined)
    this.visit = undefined
    byId('visit').hidden = true
    byId('nothing').hidden = false
  }

  #enter() {
    const told = {
      opened: (found) => this.#opened(found),
      event: (event) => this.#heard(event),
      receipt: (receipt) => {
        this.#receipts.take(receipt)
        this.show()
      },
      present: (present) => {
        this.#present = present
        this.head(this.visit, present)
      },
    }
    this.#leave = enterVisit({ ...this.#parts, visit: this.visit, told })
  }

  #opened({ page, receipts, unread, room }) {
    this.messages.fill(page)
    this.#receipts.fill(receipts)
    this.#newFrom = unread > 0 ? room.lastNumber - unread + 1 : undefined
    this.scroll.toEndNext()
    this.show()
    this.reading.mark()
  }

  #heard({ type, data }) {
    if (type === 'gap') {
      this.#leave()
      this.#enter()
    } else if (data.message) {
      if (type === 'message.created') {
        this.typing.done(data.message.userId)
        this.#receipts.wrote(data.message)
      }
      this.messages.put(data.message)
      this.show()
      this.reading.mark()
    }
  }

  #around({ message, entry }, last) {
    const { visit, messages } = this
    const { me } = this.#parts
    const quoted = messages.get((message ?? entry).replyTo)
    if (entry) return { visit, quoted, state: entry.state }
    const isTold = message.userId === me.id && !message.deletedAt
    if (!isTold) return { visit, quoted }
    return { visit, quoted, state: this.#receipts.stateOf(message, othersIn(visit, me.id)), spelled: message === last }
  }

  show() {
    if (!this.visit) return
    const rows = this.messages.rows(this.#parts.outbox.of(this.visit.id), this.#newFrom)
    const last = this.messages.lastOwn(this.#parts.me.id)
    this.scroll.keep(() => this.list.show(rows, this.messages.get, (row) => this.#around(row, last)))
    byId('earlier').hidden = this.messages.before === undefined
  }

  refresh() {
    if (!this.visit) return
    this.show()
    this.head(this.visit, this.#present)
  }

  async run(name, input) {
    try {
      // What it did comes as an event, as to every other device: in order with what others do.
      await this.#parts.client.command(name, { roomId: this.visit.id, ...input })
    } catch (error) {
      this.#parts.onError(error)
    }
  }

  send(text, replyTo) {
    this.scroll.toEndNext()
    this.#parts.outbox.add({ roomId: this.visit.id, text, replyTo })
  }

  /** The answer may come before the event that tells of it, and is never newer. */
  sent(message) {
    if (message.roomId !== this.visit?.id || this.messages.get(message.id)) return
    this.messages.put(message)
    this.show()
  }

  editLast() {
    const last = this.messages.lastOwn(this.#parts.me.id)
    if (last && mayEdit(last, this.#parts.me)) this.composer.edit(last)
  }

  async earlier() {
    const button = byId('earlier')
    button.disabled = true
    try {
      this.messages.addEarlier(await readEarlier(this.#parts.client, this.visit.id, this.messages.before))
      this.scroll.keepFromEnd(() => this.show())
    } finally {
      button.disabled = false
    }
  }

  focus() {
    this.composer.focus()
  }
}
