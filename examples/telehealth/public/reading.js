/** Says up to where the user has read: what is in sight, at the end, in a window that is shown. */
export const createReading = ({ client, scroll, messages, onReading, onError }) => {
  let visit
  let said = 0
  const mark = () => {
    const last = messages.ordered().at(-1)
    if (!visit || !last || document.visibilityState !== 'visible' || !scroll.atEnd()) return
    if (last.number <= Math.max(said, visit.read)) return
    said = last.number
    onReading(visit)
    client.command('message:read', { roomId: visit.id, number: last.number }).catch(onError)
  }
  document.addEventListener('visibilitychange', mark)
  return {
    mark,
    open(next) {
      visit = next
      said = 0
    },
  }
}
