/** Elements, made and found. Text goes in as text alone: nothing that somebody wrote is ever read as HTML. */
export const byId = (id) => {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`The page has no #${id}.`)
  return element
}

/** `make('p', { class: 'soft', text: 'hello', on: { click } }, child)`. What is undefined is left out. */
export const make = (tag, { text, on = {}, data = {}, ...attributes } = {}, ...children) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  for (const [name, value] of Object.entries(data)) if (value !== undefined) element.dataset[name] = value
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener)
  if (text !== undefined) element.textContent = text
  element.append(...children.filter((child) => child !== undefined))
  return element
}

const svg = 'http://www.w3.org/2000/svg'

/** One of the page's own drawings; `label` where nothing beside it says the same. */
export const icon = (name, label) => {
  const element = document.createElementNS(svg, 'svg')
  element.setAttribute('class', 'icon')
  if (label === undefined) element.setAttribute('aria-hidden', 'true')
  else {
    element.setAttribute('role', 'img')
    element.setAttribute('aria-label', label)
  }
  const use = document.createElementNS(svg, 'use')
  use.setAttribute('href', `#${name}`)
  element.append(use)
  return element
}

/** Shows it with this text, or hides it where there is none. */
export const say = (element, text) => {
  element.hidden = text === undefined
  if (text !== undefined && element.textContent !== text) element.textContent = text
}
