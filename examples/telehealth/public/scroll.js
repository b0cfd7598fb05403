/** Where the reader is: what comes keeps whoever is at the end there, and moves nobody else. */
import { byId } from './dom.js'

const nearPx = 80

export const createScroll = ({ onEnd }) => {
  const scroller = byId('scroller')
  const button = byId('to-end')
  let forced = false

  const fromEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight
  const atEnd = () => fromEnd() < nearPx
  const toEnd = () => {
    scroller.scrollTop = scroller.scrollHeight
  }
  const look = () => {
    button.hidden = atEnd()
    if (atEnd()) onEnd()
  }
  scroller.addEventListener('scroll', look, { passive: true })
  button.addEventListener('click', toEnd)
  // A keyboard that comes up on a phone, a field that grows: the end stays in sight.
  let height = scroller.clientHeight
  new ResizeObserver(() => {
    const lost = height - scroller.clientHeight
    height = scroller.clientHeight
    if (fromEnd() - lost < nearPx) toEnd()
  }).observe(scroller)

  return {
    atEnd,
    toEndNext() {
      forced = true
    },
    keep(change) {
      const stay = forced || atEnd()
      forced = false
      change()
      if (stay) toEnd()
      button.hidden = atEnd()
    },
    /** What is added above moves nothing that is in sight. */
    keepFromEnd(change) {
      const distance = fromEnd()
      change()
      scroller.scrollTop = scroller.scrollHeight - scroller.clientHeight - distance
    },
  }
}
