/** Times as people say them, in their own language. */
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long' })
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const year = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })
const short = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const dayMs = 86_400_000

const startOf = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
/** How many midnights ago. */
const daysAgo = (date) => Math.round((startOf(new Date()) - startOf(date)) / dayMs)

export const timeOf = (iso) => clock.format(new Date(iso))
/** One for each day that there is. */
export const dayKey = (iso) => startOf(new Date(iso))

export const dayName = (iso) => {
  const date = new Date(iso)
  const ago = daysAgo(date)
  if (ago === 0) return 'Today'
  if (ago === 1) return 'Yesterday'
  if (ago < 7) return weekday.format(date)
  return date.getFullYear() === new Date().getFullYear() ? day.format(date) : year.format(date)
}

/** As short as a list wants it. */
export const briefly = (iso) => {
  const date = new Date(iso)
  const ago = daysAgo(date)
  if (ago === 0) return clock.format(date)
  return ago < 7 ? weekday.format(date).slice(0, 3) : short.format(date)
}

export const lastSeen = (iso) => {
  const date = new Date(iso)
  const ago = daysAgo(date)
  const when = ago === 0 ? clock.format(date) : `${dayName(iso).toLowerCase()}, ${clock.format(date)}`
  return `last seen ${when}`
}
