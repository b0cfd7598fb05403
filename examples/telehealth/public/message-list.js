/**
 * The list of messages: keeps rows that did not change, and one toolbar that follows the pointer and the focus. Arrow keys
 * go from message to message; Tab goes on to what can be done with one.
 */
import { byId, make } from './dom.js'
import { messageRow, signatureOf } from './message-view.js'
import { dayName } from './time.js'

export const createMessageList = ({ me, act, canEdit, canDelete }) => {
  const list = byId('messages')
  const toolbar = byId('actions-template').content.firstElementChild.cloneNode(true)
  const drawn = new Map()
  let find = () => undefined
  /** The one message that Tab stops at. */
  let current

  const draw = (row, around) => {
    if (row.kind === 'day') return make('li', { class: 'day' }, make('span', { text: dayName(row.at) }))
    if (row.kind === 'new') return make('li', { class: 'new' }, make('span', { text: 'New' }))
    return messageRow(row, { me, act, find, ...around(row) })
  }

  const messages = () => [...list.querySelectorAll('.message')]
  const settle = (element) => {
    const all = messages()
    current = element ?? (all.includes(current) ? current : all.at(-1))
    for (const one of all) one.tabIndex = one === current ? 0 : -1
    for (const one of all)
      for (const button of one.querySelectorAll('.reaction')) button.tabIndex = one === current ? 0 : -1
  }

  const offer = (element) => {
    const message = find(element.dataset.id ?? '')
    const line = element.querySelector('.bubble-line')
    if (!message || message.deletedAt || !line) return toolbar.remove()
    toolbar.querySelector('[data-act="edit"]').hidden = !canEdit(message)
    toolbar.querySelector('[data-act="delete"]').hidden = !canDelete(message)
    if (toolbar.parentElement !== line) line.append(toolbar)
  }

  const closestMessage = (event) => event.target.closest?.('.message')
  list.addEventListener('pointerover', (event) => {
    const element = closestMessage(event)
    if (element && !toolbar.contains(document.activeElement)) offer(element)
  })
  list.addEventListener('focusin', (event) => {
    const element = closestMessage(event)
    if (!element) return
    settle(element)
    offer(element)
  })
  list.addEventListener('keydown', (event) => {
    const all = messages()
    const element = closestMessage(event)
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (!element || step === undefined) return
    event.preventDefault()
    all[Math.min(Math.max(all.indexOf(element) + step, 0), all.length - 1)]?.focus()
  })
  toolbar.addEventListener('click', (event) => {
    const button = event.target.closest('button')
    const message = find(toolbar.closest('.message')?.dataset.id ?? '')
    if (!button || !message) return
    const { reaction, act: name } = button.dataset
    if (reaction) act.react(message, reaction, message.reactions[reaction]?.users.includes(me.id) ?? false)
    else act[name](message)
  })

  return {
    /** @param around row → `{ visit, state, quoted }` */
    show(rows, findMessage, around) {
      find = findMessage
      const focused = list.contains(document.activeElement) ? document.activeElement.closest('.message') : undefined
      const focusedKey = focused && [...drawn].find(([, { element }]) => element === focused)?.[0]
      const kept = new Set(rows.map(({ key }) => key))
      for (const [key, { element }] of drawn) {
        if (kept.has(key)) continue
        element.remove()
        drawn.delete(key)
      }
      for (const [index, row] of rows.entries()) {
        const signature = row.kind === 'message' ? signatureOf(row, around(row)) : row.kind
        let known = drawn.get(row.key)
        if (known?.signature !== signature) {
          const element = draw(row, around)
          known?.element.replaceWith(element)
          known = { signature, element }
          drawn.set(row.key, known)
        }
        if (list.children[index] !== known.element) list.insertBefore(known.element, list.children[index] ?? null)
      }
      settle()
      const again = focusedKey && drawn.get(focusedKey)?.element
      if (again && !again.contains(document.activeElement)) again.focus({ preventScroll: true })
    },
    focusOn(id) {
      const element = list.querySelector(`.message[data-id="${CSS.escape(id)}"]`)
      element?.focus()
      element?.scrollIntoView({ block: 'center' })
    },
  }
}
