/** Signs in at Express, then follows the depot through Fanfare; a scan goes to Express, and comes back live. */
import { createClient } from '/fanfare/client.js'

const find = (id) => document.getElementById(id)
const say = (problem) => {
  find('problem').textContent = problem
}

let accessToken
const ask = async (path, body) => {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${accessToken}` }
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
  const told = await answer.json()
  if (!answer.ok) throw new Error(told.error)
  return told
}

const show = ({ data, timestamp }) => {
  const line = document.createElement('li')
  const time = new Date(timestamp).toLocaleTimeString()
  line.textContent = `${time}: ${data.parcel} at ${data.place}, by ${data.by}`
  find('scans').prepend(line)
}

const follow = (name) => {
  const client = createClient({ url: '/', token: async () => (await ask('/live-token')).token })
  client.state.subscribe(() => {
    find('state').textContent = client.state.getSnapshot().status
  })
  client.room(name, { since: 'earliest' }).on('parcel.scanned', (_, event) => show(event))
}

const onSubmit = (id, act) =>
  find(id).addEventListener('submit', async (event) => {
    event.preventDefault()
    say('')
    try {
      await act(Object.fromEntries(new FormData(event.target)))
    } catch (error) {
      say(error.message)
    }
  })

onSubmit('sign-in', async (entered) => {
  accessToken = (await ask('/sign-in', entered)).accessToken
  const { room } = await ask('/live-token')
  find('sign-in').hidden = true
  find('scan').hidden = false
  follow(room)
})
onSubmit('scan', ({ parcel, place }) => ask(`/parcels/${encodeURIComponent(parcel)}/scans`, { place }))
