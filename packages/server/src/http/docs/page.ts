/** The API’s description as a page for people: no script, nothing from elsewhere. */
import { codes } from '@fanfare/protocol'
import { curlOf } from './curl.ts'
import { type Html, html, prose } from './html.ts'
import type { ApiDescription } from './openapi.ts'
import {
  type Answer,
  type Described,
  described,
  exampleIn,
  type Group,
  groupsOf,
  type Operation,
  type Parameter,
} from './operations.ts'

export const renderPage = (
  description: ApiDescription,
  paths: { readonly style: string; readonly icon: string },
): string => {
  const api = described(description)
  const groups = groupsOf(api)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${api.info.title} HTTP API</title>
<link rel="icon" href="${paths.icon}" type="image/svg+xml">
<link rel="stylesheet" href="${paths.style}">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
<a class="name" href="/docs">${api.info.title}</a> <span class="version">HTTP API ${api.info.version}</span>
<a class="machine" href="/openapi.json">openapi.json</a>
</header>
<details class="menu"><summary>Contents</summary><nav aria-label="Contents">${contents(groups)}</nav></details>
<div class="columns">
<aside><nav aria-label="Contents">${contents(groups)}</nav></aside>
<main id="content" tabindex="-1">
${introduction(api)}
${groups.map((group) => groupSection(api, group))}
${errorSection()}
</main>
</div>
</body>
</html>
`.html
}

const contents = (groups: readonly Group[]): Html => html`<ul>
<li><a href="#start">Start</a></li>
${groups.map(
  ({ name, operations }) => html`<li><span class="group">${name}</span><ul>
${operations.map(({ id, summary }) => html`<li><a href="#op-${id}">${summary}</a></li>`)}</ul></li>`,
)}
<li><a href="#errors">Errors</a></li>
</ul>`

const shell = `export FANFARE=http://127.0.0.1:8080
export FANFARE_WS=ws://127.0.0.1:8080
export TOKEN=$(fanfare token --tenant north-clinic --user dr-lee)`

const introduction = ({ info }: Described): Html => html`<section id="start">
<h1>${info.title} HTTP API</h1>
<p>${prose(info.description)}</p>
<p>The examples below run in a shell after this:</p>
${example('Shell', shell)}
<p>${prose('Users send a token (JWT), servers an API key, both as `Authorization: Bearer …`. The tenant is the one that the token or key belongs to; it is never taken from the request. Bodies are JSON in UTF-8. Times are ISO 8601 in UTC. What goes wrong is told as a problem (RFC 9457); see ')}<a href="#errors">errors</a>.</p>
</section>`

const groupSection = (
  api: Described,
  { name, description, operations }: Group,
): Html => html`<section class="group-section" aria-labelledby="group-${name}">
<h2 id="group-${name}">${name}</h2>
<p>${prose(description)}</p>
${operations.map((operation) => operationArticle(api, operation))}
</section>`

const operationArticle = (api: Described, operation: Operation): Html => {
  const { id, method, path, summary, description, security } = operation
  return html`<article id="op-${id}" aria-labelledby="title-${id}">
<h3 id="title-${id}"><a href="#op-${id}">${summary}</a></h3>
<p class="address"><span class="method ${method.toLowerCase()}">${method}</span> <code>${breakable(path)}</code></p>
<p>${prose(description)}</p>
${security.length > 0 ? html`<p class="needs">Needs ${security.map((scheme, index) => html`${index > 0 ? ' or ' : ''}${schemeNames[scheme] ?? scheme}`)}.</p>` : undefined}
${parameterTable(operation.parameters)}
${example('Request', curlOf(operation))}
${answerList(api, operation.answers)}
</article>`
}

const schemeNames: { readonly [scheme: string]: string } = {
  userToken: 'a user’s token',
  apiKey: 'an API key',
  ticket: 'a ticket',
}

/** A long path may break after each slash. */
const breakable = (path: string): readonly Html[] =>
  path.split('/').map((part, index) => (index === 0 ? html`${part}` : html`/<wbr>${part}`))

const parameterTable = (parameters: readonly Parameter[]): Html | undefined =>
  parameters.length === 0
    ? undefined
    : html`<div class="scroll" tabindex="0" role="region" aria-label="Parameters"><table>
<thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Meaning</th></tr></thead>
<tbody>${parameters.map(
        (parameter) =>
          html`<tr><th scope="row"><code>${parameter.name}</code>${parameter.required ? html` <span class="required">required</span>` : undefined}</th><td>${parameter.in}</td><td>${prose(parameter.description ?? meaningOf(parameter))}</td></tr>`,
      )}</tbody></table></div>`

const meaningOf = ({ schema }: Parameter): string => {
  if (schema?.enum) return schema.enum.map((value) => `\`${value}\``).join(' or ')
  return schema?.example === undefined ? '' : `Such as \`${schema.example}\`.`
}

const answerList = (api: Described, answers: readonly Answer[]): Html => {
  const good = answers.findLast(({ status, content }) => status.startsWith('2') && Object.keys(content).length > 0)
  const shown = good && exampleIn(api, good.content)
  return html`${shown === undefined || good === undefined ? undefined : example(`Answer ${good.status}`, typeof shown === 'string' ? shown : JSON.stringify(shown, null, 2))}
<dl class="answers">${answers.map(({ status, description }) => html`<div><dt class="${status.startsWith('2') || status === '101' ? 'good' : 'bad'}">${status}</dt><dd>${prose(description)}</dd></div>`)}</dl>`
}

const example = (label: string, text: string): Html =>
  html`<figure><figcaption>${label}</figcaption><pre tabindex="0"><code>${text}</code></pre></figure>`

const errorSection = (): Html => html`<section id="errors" aria-labelledby="group-errors">
<h2 id="group-errors">Errors</h2>
<p>${prose('A problem has `code`, `retry` and, where waiting helps, `retryAfterMs`. `now`: try again at once. `later`: wait, as `Retry-After` says. `never`: the same request will fail again. WebSockets close with the close code.')}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Error codes"><table class="codes">
<thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Close</th><th scope="col">Retry</th><th scope="col">Meaning</th></tr></thead>
<tbody>${Object.entries(codes).map(
  ([code, { status, close, retry, meaning }]) =>
    html`<tr id="${code}"><th scope="row"><a href="#${code}"><code>${code}</code></a></th><td>${status}</td><td>${close}</td><td>${retry}</td><td>${meaning}</td></tr>`,
)}</tbody></table></div>
</section>`
