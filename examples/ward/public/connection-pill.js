/** What the connection is doing, in a word, and what it has carried, in numbers. */
const number = new Intl.NumberFormat()

export const createPill = ({ pill, text }) => {
  let state = { status: 'connecting' }
  let caughtUp

  const say = (name, words) => {
    if (pill.dataset.state !== name) pill.dataset.state = name
    if (text.textContent !== words) text.textContent = words
  }
  const show = () => {
    switch (state.status) {
      case 'connected':
        return say('connected', caughtUp === undefined ? 'Live' : `Resumed · ${number.format(caughtUp)} caught up`)
      case 'reconnecting':
      case 'suspended': {
        const seconds = Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000))
        return say('reconnecting', seconds > 0 ? `Reconnecting in ${seconds} s` : 'Reconnecting')
      }
      case 'closed':
        return say('closed', 'Closed')
      default:
        return say('connecting', state.tries > 0 ? 'Reconnecting' : 'Connecting')
    }
  }
  setInterval(show, 250)

  let fade
  return {
    show(next) {
      state = next
      if (next.status !== 'connected') caughtUp = undefined
      show()
    },
    caughtUp(events) {
      caughtUp = events
      clearTimeout(fade)
      fade = setTimeout(() => {
        caughtUp = undefined
        show()
      }, 8_000)
      show()
    },
  }
}

export const createLedger = (cells) => {
  const counts = { events: 0, gaps: 0, reconnects: 0, resumed: 0 }
  return {
    counts,
    add(name, by = 1) {
      counts[name] += by
      cells[name].textContent = number.format(counts[name])
    },
  }
}
