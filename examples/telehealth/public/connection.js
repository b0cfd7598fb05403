/** What the connection is doing, in a word; quiet while all is well. */
const shownLiveMs = 2_500

export const startConnection = ({ client, line, text, onClosed }) => {
  let state = client.state.getSnapshot()
  let wasAway = false
  let fade

  const say = (name, words) => {
    if (line.dataset.state !== name) line.dataset.state = name
    if (text.textContent !== words) text.textContent = words
  }
  const show = () => {
    switch (state.status) {
      case 'connected':
        return say(wasAway ? 'back' : 'connected', wasAway ? 'Connected again' : 'Connected')
      case 'reconnecting':
      case 'suspended': {
        wasAway = true
        return say('reconnecting', 'Reconnecting. What you write is kept, and sent when you are back.')
      }
      case 'closed':
        return say('closed', 'Signed out')
      default:
        return say(
          wasAway ? 'reconnecting' : 'connecting',
          wasAway ? 'Reconnecting. What you write is kept, and sent when you are back.' : 'Connecting',
        )
    }
  }
  const changed = () => {
    state = client.state.getSnapshot()
    show()
    clearTimeout(fade)
    if (state.status === 'connected' && wasAway) {
      fade = setTimeout(() => {
        wasAway = false
        show()
      }, shownLiveMs)
    }
    if (state.status === 'closed' && state.error) onClosed(state.error)
  }
  client.state.subscribe(changed)
  changed()
}
