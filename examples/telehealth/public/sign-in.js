/** The door: an address and a password, or one of the accounts of the demonstration. */
import { byId, make, say } from './dom.js'
import { avatar } from './people.js'
import { demoAccounts, signIn } from './session.js'

const showAccounts = async (enter) => {
  const accounts = await demoAccounts()
  byId('demo').hidden = accounts.length === 0
  byId('demo-accounts').replaceChildren(
    ...accounts.map(({ email, name, title, password }) =>
      make(
        'li',
        {},
        make(
          'button',
          { type: 'button', class: 'account', on: { click: () => enter(email, password) } },
          avatar({ userId: email, name }),
          make(
            'span',
            { class: 'account-text' },
            make('strong', { text: name }),
            make('span', { class: 'soft', text: `${title} · ${email}` }),
          ),
        ),
      ),
    ),
  )
}

/** Resolves with the user, once somebody has signed in. */
export const askWho = () =>
  new Promise((resolve) => {
    const form = byId('sign-in')
    const problem = byId('sign-in-problem')
    const button = form.querySelector('button')
    byId('door').hidden = false
    const enter = async (email, password) => {
      say(problem)
      button.disabled = true
      try {
        const user = await signIn(email, password)
        byId('door').hidden = true
        resolve(user)
      } catch (error) {
        say(problem, error.message)
      } finally {
        button.disabled = false
      }
    }
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const { email, password } = form.elements
      if (email.value === '' || password.value === '') {
        say(problem, 'Give your email address and your password.')
        ;(email.value === '' ? email : password).focus()
        return
      }
      void enter(email.value, password.value)
    })
    form.elements.email.focus()
    showAccounts(enter).catch((error) => say(problem, error.message))
  })
