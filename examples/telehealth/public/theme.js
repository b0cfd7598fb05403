/** Light or dark: what the system prefers, until somebody presses the button. */
const key = 'telehealth-theme'

const stored = () => {
  try {
    return localStorage.getItem(key)
  } catch {
    // Storage may be switched off; the choice then lasts as long as the page.
    return null
  }
}
const store = (theme) => {
  try {
    localStorage.setItem(key, theme)
  } catch {
    // As above.
  }
}

export const startTheme = (button) => {
  const preferred = matchMedia('(prefers-color-scheme: dark)')
  let chosen = stored()
  const show = () => {
    const theme = chosen ?? (preferred.matches ? 'dark' : 'light')
    document.documentElement.dataset.theme = theme
    const other = `Use the ${theme === 'dark' ? 'light' : 'dark'} theme`
    button.setAttribute('aria-label', other)
    button.title = other
  }
  preferred.addEventListener('change', show)
  button.addEventListener('click', () => {
    chosen = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'
    store(chosen)
    show()
  })
  show()
}
